"""When a step may try again, and how long it waits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.errors import InvalidDefinitionError
from ergate.jobs.retry import NO_RETRY, Retry, backoff_s

STEADY = Retry(attempts=4, initial_s=1.0, factor=2.0, max_s=3.0, jitter=0.0)


def test_pauses_grow_up_to_their_limit_and_end_after_the_last_attempt() -> None:
    pauses = [STEADY.pause_s(attempt, ValueError()) for attempt in range(1, 6)]
    assert pauses == [1.0, 2.0, 3.0, None, None]


def test_one_attempt_never_tries_again() -> None:
    assert NO_RETRY.pause_s(1, ValueError()) is None


def test_only_the_named_exceptions_are_tried_again() -> None:
    retry = Retry(attempts=3, on=(OSError,), jitter=0.0)
    assert retry.pause_s(1, ConnectionError()) == 1.0
    assert retry.pause_s(1, ValueError()) is None


def test_an_exception_that_is_never_tried_again_wins() -> None:
    retry = Retry(attempts=3, on=(OSError,), never=(ConnectionError,), jitter=0.0)
    assert retry.pause_s(1, TimeoutError()) == 1.0
    assert retry.pause_s(1, ConnectionError()) is None


@given(st.integers(min_value=1, max_value=99))
def test_jitter_stays_within_its_share(attempt: int) -> None:
    retry = Retry(attempts=100, initial_s=2.0, factor=1.0, max_s=10.0, jitter=0.25)
    pause_s = retry.pause_s(attempt, ValueError())
    assert pause_s is not None
    assert 1.5 <= pause_s <= 2.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"initial_s": -1.0},
        {"factor": 0.5},
        {"max_s": -1.0},
        {"jitter": -0.1},
        {"jitter": 1.1},
        {"initial_s": math.nan},
        {"factor": math.nan},
        {"jitter": math.nan},
    ],
    ids=repr,
)
def test_a_number_out_of_range_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidDefinitionError, match=next(iter(wrong))):
        Retry(**wrong)  # type: ignore[arg-type]  # one field of either type


@given(
    attempt=st.integers(min_value=1, max_value=10**6),
    initial_s=st.floats(min_value=0, max_value=1e6),
    factor=st.floats(min_value=1, max_value=1e6),
)
def test_a_pause_is_never_longer_than_its_limit_and_never_overflows(
    attempt: int, initial_s: float, factor: float
) -> None:
    assert 0 <= backoff_s(attempt, initial_s, factor, 60.0) <= 60.0
