"""Coral's signatures: `X-Coral-Signature: sha256=<hex>`, one per valid secret, comma-separated."""

import hashlib
import hmac

HEADER = "X-Coral-Signature"

_PREFIX = "sha256="


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a raw body: HMAC-SHA256 (RFC 2104) with the secret as UTF-8."""
    return _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(header: str, secret: str, body: bytes) -> bool:
    """Tell whether any signature in the header was made with the secret.

    While a secret is rotated, Coral signs with the old and the new one. Signatures are
    compared in constant time.
    """
    wanted = sign(secret, body).encode()
    return any(hmac.compare_digest(part.strip().encode(), wanted) for part in header.split(","))
