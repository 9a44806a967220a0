"""Score comments and analyses in batches: lease, score, decide."""
