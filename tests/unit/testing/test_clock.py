"""A fake clock stands still until a test moves it."""

from __future__ import annotations

import pytest

from ergate.testing import FakeClock


def test_time_stands_still_by_itself() -> None:
    clock = FakeClock(start=50.0)
    assert [clock.now(), clock.now(), clock.monotonic()] == [50.0, 50.0, 0.0]


def test_both_clocks_advance_together() -> None:
    clock = FakeClock(start=50.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (52.5, 2.5)


def test_a_jump_moves_only_the_wall_clock_in_either_direction() -> None:
    clock = FakeClock(start=50.0)
    clock.jump(-60.0)
    assert (clock.now(), clock.monotonic()) == (-10.0, 0.0)


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match="jump"):
        FakeClock().advance(-1)
