"""Delivery: rounds of signed requests to webhook receivers."""
