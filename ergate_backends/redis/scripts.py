"""The Lua scripts: one file per act, each with the common part before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ergate_backends.redis.rows import COLUMNS

_SHARED = {
    "admit": ("ended", "indexes"),
    "claim": ("claiming",),
    "claim_ready": ("claiming",),
    "dismiss": ("ended", "indexes"),
    "fail_damaged": ("ended", "indexes"),
    "forget": ("ended", "indexes"),
    "index_ended": ("ended",),
    "settle": ("ended",),
    "submit": ("ended", "indexes"),
    "write": ("ended", "indexes"),
}
"""Which scripts have more than the common part before them."""
_EARLY = frozenset({"claim_ready"})
"""Which scripts have a part that may end them before anything else is made."""


@dataclass(frozen=True, slots=True)
class Script:
    """One act; Redis knows it by the hash of its text."""

    name: str
    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """Return the script of this name."""
    names = "', '".join(COLUMNS)
    parts = [_read(f"{name}_early")] if name in _EARLY else []
    parts.append(f"local FIELDS = {{'{names}'}}")
    parts += [_read(part) for part in ("common", *_SHARED.get(name, ()), name)]
    text = "\n".join(parts)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(name: str) -> str:
    return (resources.files(__package__) / "lua" / f"{name}.lua").read_text(encoding="utf-8")
