"""Scoring: one batch after the other, from a lease to decisions."""
