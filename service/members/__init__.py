"""Members: the people who write comments on a site."""
