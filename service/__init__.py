"""The service: models, database, HTTP API. Never loads a model (invariant 9)."""
