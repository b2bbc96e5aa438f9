"""The header `Prefer` is read as RFC 7240 says."""

from __future__ import annotations

import pytest

from ergate.api.preferences import Preferences, preferences

READ = {
    (): Preferences(),
    ("respond-async",): Preferences(True),
    ("Respond-Async, wait=10",): Preferences(True, 10.0),
    ("wait=3", "respond-async"): Preferences(True, 3.0),
    ('wait="3"; foo="a, b"',): Preferences(False, 3.0),
    ("wait = 3",): Preferences(False, 3.0),
    ("wait=1, wait=2",): Preferences(False, 1.0),
    ("wait=-1",): Preferences(),
    ("wait=1e9",): Preferences(),
    ("wait=" + "9" * 50,): Preferences(),
    ("wait",): Preferences(),
    ("return=minimal",): Preferences(),
    (",;=,",): Preferences(),
}


@pytest.mark.parametrize(("headers", "expected"), READ.items(), ids=map(str, READ))
def test_a_preference_is_read_and_nonsense_is_left_out(
    headers: tuple[str, ...], expected: Preferences
) -> None:
    assert preferences(headers) == expected


def test_how_long_to_wait_follows_from_the_preferences() -> None:
    waits = [Preferences(), Preferences(True), Preferences(True, 3.0), Preferences(False, 999.0)]
    assert [one.limit_s(5.0, 30.0) for one in waits] == [5.0, 0.0, 3.0, 30.0]
