"""States, scores and events: pure functions on plain data."""
