from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.display.measures import Histogram, PerSecond


def test_a_histogram_without_durations_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_about_five_percent_off_at_most(durations: list[float], share: float) -> None:
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    exact = sorted(durations)[max(0, -int(-share * len(durations) // 1) - 1)]
    assert histogram.quantile(share) == pytest.approx(exact, rel=0.055)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-9, 1e12])
def test_a_duration_out_of_range_is_counted_too(seconds: float) -> None:
    histogram = Histogram()
    histogram.add(seconds)
    assert histogram.total == 1


def test_counts_are_kept_by_second_the_oldest_first() -> None:
    counter = PerSecond(3)
    for at in (10.1, 10.9, 12.0, 12.5, 12.6):
        counter.add(at)
    assert counter.series(13.2) == [2, 0, 3]


def test_the_second_that_is_not_over_is_left_out() -> None:
    counter = PerSecond(3)
    counter.add(13.1)
    assert counter.series(13.2) == [0, 0, 0]


def test_what_is_too_old_is_forgotten() -> None:
    counter = PerSecond(3)
    counter.add(10, 7)
    counter.add(20)
    assert counter.series(21) == [0, 0, 1]


def test_an_event_that_comes_too_late_changes_no_newer_second() -> None:
    counter = PerSecond(3)
    counter.add(20)
    counter.add(16)  # shares the place of second 20
    assert counter.series(21) == [0, 0, 1]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    counter = PerSecond(60)
    for second in range(100, 110):
        counter.add(second, 50)
    assert counter.rate(110) == 50
