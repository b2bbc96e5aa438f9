"""How long a journal keeps its entries."""

from __future__ import annotations

import pytest

from ergate.contracts.address import Address
from ergate.contracts.retention import Retention
from ergate.errors import SettingsError


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", Retention()),
        ("?max-age=90s", Retention(max_age_s=90)),
        ("?max-age=30D&max-length-bytes=1000", Retention(30 * 86_400, 1000)),
        ("?max-age=1Y", Retention(max_age_s=365 * 86_400)),
    ],
)
def test_an_address_says_what_may_be_dropped(options: str, expected: Retention) -> None:
    assert Retention.of(Address.parse(f"log://h{options}")) == expected


@pytest.mark.parametrize("option", ["max-age=30", "max-age=0D", "max-age=", "max-length-bytes=1G"])
def test_what_is_no_time_or_no_size_is_refused(option: str) -> None:
    with pytest.raises(SettingsError, match=option.partition("=")[0]):
        Retention.of(Address.parse(f"log://u:secret@h?{option}"))
