"""Measure how good a model is: metrics, test sets, and the table that shows the figures."""
