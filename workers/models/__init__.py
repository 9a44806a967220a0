"""Models: weights, tokenizer and labels, and what is derived from them."""
