"""Encrypt secrets that must be read again, with the installation's key."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from service.errors import NotConfigured


class SecretUnreadableError(Exception):
    """The secret cannot be decrypted, since it was encrypted with another key."""


class SecretBox:
    """Encrypts and decrypts secrets with the installation's key."""

    def __init__(self, key: SecretStr | None) -> None:
        """Derive the cipher from the installation's key; raises NotConfigured for None."""
        if key is None:
            raise NotConfigured(
                "Webhooks and Coral need NETIQUETTE_SECRET_KEY, which encrypts their secrets. "
                "Whoever runs this installation has to set it, for the API and the I/O workers."
            )
        derived = HKDF(SHA256(), length=32, salt=None, info=b"netiquette webhook secrets").derive(
            key.get_secret_value().encode()
        )
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, secret: str) -> str:
        """Return the secret encrypted, as it is stored."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """Return the decrypted secret; raises SecretUnreadableError if the key is another one."""
        try:
            return self._fernet.decrypt(stored).decode()
        except InvalidToken:
            raise SecretUnreadableError from None
