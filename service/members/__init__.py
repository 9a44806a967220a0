"""Members: the commenters that a site knows."""
