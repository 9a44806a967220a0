"""Models: weights, tokenizer and labels, and the forms that are built from them."""
