from __future__ import annotations

import pytest

from ergate.display.figures import age, counted, rate, relative, span, sparkline
from ergate.documents.times import timestamp


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "-"),
        (0, "0s"),
        (0.00085, "850µs"),
        (0.0123, "12ms"),
        (0.9996, "1.0s"),
        (3.21, "3.2s"),
        (9.96, "10s"),
        (59.6, "1m00s"),
        (125, "2m05s"),
        (3_720, "1h02m"),
        (273_600, "3d04h"),
    ],
)
def test_a_span_has_the_unit_that_fits_it(seconds: float | None, expected: str) -> None:
    assert span(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, "-"), (-3, "0s"), (0.9, "0s"), (3.9, "3s"), (125, "2m05s")]
)
def test_an_age_has_whole_seconds(seconds: float | None, expected: str) -> None:
    assert age(seconds) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(None, "-"), (97, "3s ago"), (99.5, "now"), (100.5, "now"), (400, "in 5m00s")],
)
def test_a_moment_is_told_as_seen_from_now(moment: float | None, expected: str) -> None:
    assert relative(moment, 100) == expected


@pytest.mark.parametrize(
    ("per_second", "expected"), [(0, "0/s"), (2.5, "2.5/s"), (9.97, "10/s"), (1234.4, "1,234/s")]
)
def test_a_rate_has_a_decimal_only_when_it_is_small(per_second: float, expected: str) -> None:
    assert rate(per_second) == expected


def test_nouns_follow_their_number() -> None:
    told = [counted(1, "job"), counted(2, "job"), counted(1200, "retry", "retries")]
    assert told == ["1 job", "2 jobs", "1,200 retries"]


def test_a_sparkline_has_one_bar_per_value() -> None:
    assert sparkline([0, 1, 50, 100]) == "▁▂▅█"


def test_a_sparkline_of_nothing_is_flat() -> None:
    assert sparkline([0, 0, 0]) == "▁▁▁"


def test_a_timestamp_is_iso_8601_in_utc() -> None:
    assert timestamp(1_760_000_000.1234) == "2025-10-09T08:53:20.123Z"


def test_a_time_that_no_calendar_has_is_shown_as_its_number() -> None:
    assert timestamp(1e300) == "1e+300"
