"""A duration is read as people write it, or refused."""

from __future__ import annotations

import pytest

from ergate.durations import parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("90", 90.0),
        (" 2.5 ", 2.5),
        ("250ms", 0.25),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("7D", 604800.0),
        ("1.5h", 5400.0),
        ("2w", 1209600.0),
    ],
)
def test_a_duration_is_read_in_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        "m",
        "5 minutes",
        "-5",
        -1,
        "nan",
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        "1h!",
        "٣m",
        "1" * 10**6 + "x",
    ],
)
def test_what_is_no_duration_is_refused_with_the_form_expected(written: object) -> None:
    with pytest.raises(ValueError, match="expected seconds as a number, or a text such as"):
        parse_duration(written)


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        parse_duration(10**400)
