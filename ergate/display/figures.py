"""Numbers, spans and moments as people read them."""

from __future__ import annotations

from ergate.documents.times import moment_of

_BARS = "▁▂▃▄▅▆▇█"
NOTHING = "-"
"""Stands where there is nothing to tell."""
_ALMOST_TEN = 9.95
_ALMOST_A_SECOND = 0.9995
"""From here on a figure would be rounded up to the next unit."""
_MILLISECOND, _MINUTE, _HOUR, _DAY = 0.001, 60, 3600, 86400


def span(seconds: float | None) -> str:
    """Return a duration in about six characters: `850µs`, `12ms`, `3.2s`, `2m05s`, `3d04h`."""
    if seconds is None:
        return NOTHING
    if seconds <= 0:
        return "0s"
    if seconds < _MILLISECOND:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < _ALMOST_A_SECOND:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.1f}s" if seconds < _ALMOST_TEN else _long_span(round(seconds))


def _long_span(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE:02}s"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}m"
    return f"{seconds // _DAY}d{seconds % _DAY // _HOUR:02}h"


def age(seconds: float | None) -> str:
    """Return how long something has lasted, in whole seconds below ten too: `0s`, `3s`, `2m05s`.

    A live display would flicker with anything finer.
    """
    return NOTHING if seconds is None else _long_span(max(0, int(seconds)))


def relative(moment: float | None, now: float) -> str:
    """Return a moment as seen from `now`, both in seconds since 1970: `3s ago`, `in 5m00s`."""
    if moment is None:
        return NOTHING
    apart = now - moment
    if abs(apart) < 1:
        return "now"
    return f"{age(apart)} ago" if apart > 0 else f"in {age(-apart)}"


def count(number: int) -> str:
    """Return a number with its thousands apart: `12,345`."""
    return f"{number:,}"


def rate(per_second: float) -> str:
    """Return a rate as `0/s`, `2.5/s` or `1,234/s`."""
    digits = 0 if per_second >= _ALMOST_TEN or per_second == int(per_second) else 1
    return f"{per_second:,.{digits}f}/s"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 job`, `2 jobs`, `3 retries`."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def sparkline(values: list[float]) -> str:
    """Return one bar per value, scaled to the largest; only an exact zero has the lowest bar."""
    top = max(values, default=0.0)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[0 if v <= 0 else 1 + min(6, int(6 * v / top + 0.5))] for v in values)


def local_time(at: float) -> str:
    """Return seconds since 1970 as date and time of day where this program runs."""
    moment = moment_of(at)
    return str(at) if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
