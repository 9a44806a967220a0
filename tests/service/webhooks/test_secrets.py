"""Secrets: made at random, kept encrypted, read with the installation's key alone."""

import base64

import pytest
from pydantic import SecretStr

from service.errors import NotConfigured
from service.secret_box import SecretBox, SecretUnreadableError
from service.webhooks.secrets import new_secret

KEY = SecretStr("only-for-tests-" * 3)


def test_a_secret_is_one_of_standard_webhooks() -> None:
    secret = new_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert new_secret() != secret


def test_what_is_stored_tells_nothing() -> None:
    secret, box = new_secret(), SecretBox(KEY)
    stored = [box.encrypt(secret) for _ in range(2)]
    assert len(set(stored)) == 2
    for one in stored:
        assert secret.removeprefix("whsec_") not in one
        assert SecretBox(KEY).decrypt(one) == secret


def test_another_key_does_not_read_it() -> None:
    stored = SecretBox(KEY).encrypt(new_secret())
    with pytest.raises(SecretUnreadableError):
        SecretBox(SecretStr("another-" * 5)).decrypt(stored)


@pytest.mark.parametrize("damaged", ["", "whsec_", "gAAAAA=="])
def test_what_is_damaged_is_not_read(damaged: str) -> None:
    with pytest.raises(SecretUnreadableError):
        SecretBox(KEY).decrypt(damaged)


def test_without_a_key_there_are_none() -> None:
    with pytest.raises(NotConfigured, match="NETIQUETTE_SECRET_KEY"):
        SecretBox(None)
