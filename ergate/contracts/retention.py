"""How long a journal keeps its entries, as an address says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ergate.contracts.address import Address
from ergate.errors import SettingsError

OPTIONS = ("max-age", "max-length-bytes")
"""The options of an address that are about retention."""

_AGE = re.compile(r"([1-9]\d{0,9})([YMDhms])")
_UNITS = {"Y": 365 * 86_400, "M": 30 * 86_400, "D": 86_400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Retention:
    """What the server may drop: entries that are older, and the oldest of too many bytes.

    None keeps them for ever. It counts where a journal is made, and not where it exists.
    """

    max_age_s: int | None = None
    max_bytes: int | None = None

    @classmethod
    def of(cls, address: Address) -> Retention:
        """Read the options of an address. Raises `SettingsError` for what they cannot mean."""
        age, size = (address.options.get(name) for name in OPTIONS)
        found = None if age is None else _AGE.fullmatch(age)
        if age is not None and found is None:
            raise SettingsError(
                f"{address}: the max-age {age!r} is no time. Write a number and one of "
                "Y, M, D, h, m, s, as in max-age=30D."
            )
        if size is not None and (not size.isdigit() or not int(size)):
            raise SettingsError(f"{address}: the max-length-bytes {size!r} is no number of bytes.")
        return cls(
            None if found is None else int(found[1]) * _UNITS[found[2]],
            None if size is None else int(size),
        )
