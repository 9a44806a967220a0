"""Moderators: the people who decide on comments, with an account or named by a site."""
