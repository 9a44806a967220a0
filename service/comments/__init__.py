"""Comments: accepted, edited, withdrawn, read."""
