"""Backups of the database: made while the service runs, checked, never overwritten."""
