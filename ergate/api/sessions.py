"""A browser's session: a cookie that stands for the token and does not contain it."""

from __future__ import annotations

import hashlib
import hmac

from ergate.api.security import Security
from ergate.clock import Clock

COOKIE = "ergate_session"
_PURPOSE = b"ergate session "
_LONGEST = 100


class Sessions:
    """Makes and checks session cookies; nothing is stored, and another token ends them all."""

    def __init__(self, security: Security, clock: Clock) -> None:
        self._security = security
        self._clock = clock

    def begin(self) -> str:
        """Return the value of a new session's cookie."""
        end = str(int(self._clock.now() + self._security.session_s))
        return f"{end}.{self._seal(end)}"

    def is_valid(self, value: str) -> bool:
        """Return whether a cookie's value was made here and its session has not ended."""
        end, _, seal = value.partition(".")
        if self._security.token is None or len(value) > _LONGEST or not end.isdecimal():
            return False
        whole = hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(end).encode())
        return whole and int(end) > self._clock.now()

    def _seal(self, end: str) -> str:
        key = (self._security.token or "").encode()
        return hmac.new(key, _PURPOSE + end.encode(), hashlib.sha256).hexdigest()
