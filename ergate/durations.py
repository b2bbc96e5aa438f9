"""Spans of time as people write them: `90`, `"5m"`, `"1h30m"`, `"250ms"`."""

from __future__ import annotations

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*", re.ASCII)

# Long rows of digits would take quadratic time.
_LONGEST = 64

DURATION_FORM = 'seconds as a number, or a text such as "250ms", "30s", "5m", "1h30m" or "7d"'


def parse_duration(value: object) -> float:
    """Return a duration in seconds; a text without a unit counts seconds.

    Raises `ValueError` for anything else, for a negative number, infinity and NaN.
    """
    if isinstance(value, str):
        seconds = _parse_text(value.strip().lower())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = _as_float(value)
    else:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"expected {DURATION_FORM}")
    return seconds


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf


def _parse_text(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    if len(text) > _LONGEST:
        return math.nan
    parts = list(_PART.finditer(text))
    # The parts must cover the text without a gap, or "5 minutes" would pass for five.
    if not parts or "".join(part[0] for part in parts) != text:
        return math.nan
    return math.fsum(float(part[1]) * _SECONDS[part[2]] for part in parts)
