"""Reproducible training of the bundled German and English checkpoint (``python -m workers.models.training``)."""
