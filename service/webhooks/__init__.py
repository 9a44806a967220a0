"""Webhooks: endpoints, the messages that wait for them, and the record of every attempt."""
