"""Analyses: texts that are scored for a caller who waits, and kept by nobody."""
