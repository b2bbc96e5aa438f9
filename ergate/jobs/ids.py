"""Names that are unique without asking anybody."""

from __future__ import annotations

import os
import time

from ergate.errors import PayloadError

MAX_BYTES = 160
"""What the mark of a running step has room for: blame for a death needs the whole id."""


def new_id() -> str:
    """Return a new UUID of version 7: its text sorts by the millisecond of its making.

    Source: RFC 9562, section 5.7 (48 bits of Unix milliseconds, 74 random bits).
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def checked_id(job_id: str) -> str:
    """Return an id that somebody chose; raises `PayloadError` for one that cannot be kept."""
    try:
        size = len(job_id.encode())
    except UnicodeEncodeError as exc:
        raise PayloadError(f"The job id {job_id!r} holds a lone surrogate.") from exc
    if size > MAX_BYTES:
        raise PayloadError(
            f"The job id {job_id[:40]!r}… has {size} bytes, and at most {MAX_BYTES} can be kept. "
            "Use a hash of it, or a UUID."
        )
    return job_id
