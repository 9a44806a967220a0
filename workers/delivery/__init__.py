"""Deliver events to webhook receivers, in rounds of signed requests."""
