"""The service: tables, database and HTTP API. It never loads a model (invariant 9)."""
