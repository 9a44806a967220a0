"""Webhooks: endpoints, what waits for them, and the record of every attempt."""
