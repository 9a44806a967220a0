"""What the tests' own installation of the API is set to."""

DEAD_PORT = "redis://127.0.0.1:1/0"
"""A broker that nobody is."""

SECRET_KEY = "only-for-tests-" * 3
