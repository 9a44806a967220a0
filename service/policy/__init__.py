"""The policy: which state a revision gets. Pure functions on plain data."""
