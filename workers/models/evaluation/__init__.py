"""How good a model is: metrics, test sets, a baseline, and the table that shows them."""
