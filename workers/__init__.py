"""The workers: Celery tasks that score comments. Imports `service`, never the other way."""
