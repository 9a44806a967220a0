"""The secrets that deliveries are signed with."""

import base64
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32
"""Length of a secret in bytes. Standard Webhooks 1.0 asks for 24 to 64."""


def new_secret() -> str:
    """Return a new random secret (Standard Webhooks 1.0, «Signature scheme», symmetric)."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
