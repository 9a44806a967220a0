"""The policy decides which state a revision gets; it is pure functions on plain data."""
