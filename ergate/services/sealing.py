"""Texts that the store keeps and nobody reads there: addresses with secrets in them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ergate.errors import SettingsError, UsageError
from ergate.services.webhook import SigningKey

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# Another key for another purpose, so that nothing signed says anything about what is sealed.
_PURPOSE = b"ergate sealing 1\n"


class Sealer:
    """Seals texts with the first of some keys, and opens what any of them has sealed.

    The library that does so is imported with the first text.
    """

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._keys = keys

    def seal(self, text: str) -> str:
        """Return the text sealed; the same text never looks the same twice."""
        return self._fernet().encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Return what was sealed. Raises `SettingsError` when no key fits."""
        if not self._keys:
            raise SettingsError(
                "The setting signing_keys has no key here, and what is to be sent was sealed with "
                "one. Give `ergate run` the keys that `ergate serve` has."
            )
        fernet = self._fernet()
        from cryptography.fernet import InvalidToken

        try:
            return fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SettingsError(
                "What was sealed with a key of the setting signing_keys fits none of those that "
                "are there now. Keep an old key, after the new one, until nothing needs it."
            ) from None

    def _fernet(self) -> MultiFernet:
        try:
            from cryptography.fernet import Fernet, MultiFernet
        except ImportError as exc:
            raise UsageError(
                f"Webhooks need the library {exc.name}, which is not installed. "
                'Run: pip install "ergate[api]"'
            ) from exc
        return MultiFernet([Fernet(_derived(key)) for key in self._keys])


def _derived(key: SigningKey) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(key.secret, _PURPOSE, hashlib.sha256).digest())
