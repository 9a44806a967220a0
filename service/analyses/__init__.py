"""Analyses: texts that are scored for a waiting caller, and deleted with the answer."""
