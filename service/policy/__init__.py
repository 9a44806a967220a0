"""The policy: pure functions on plain data that decide which state a revision gets."""
