"""The rules on states, scores, texts and events: pure functions on plain data."""
