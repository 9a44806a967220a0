"""The secrets that deliveries are signed with."""

import base64
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""


def new_secret() -> str:
    """Return a new secret (Standard Webhooks 1.0, «Signature scheme», symmetric)."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
