"""Threads: the discussions under articles."""
