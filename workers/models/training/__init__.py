"""Reproducible training of the bundled German and English checkpoint."""
