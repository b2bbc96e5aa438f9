"""How far a partition is done, whatever order its messages end in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ergate.contracts.address import Address
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.partition import Partition


def arrived(*offsets: int) -> Partition:
    part = Partition("t", 0)
    for offset in offsets:
        part.came(offset)
    return part


def test_nothing_is_done_before_anything_came() -> None:
    assert Partition("t", 0).done == -1


def test_what_is_done_behind_a_gap_waits_for_the_gap() -> None:
    part = arrived(5, 6, 7)
    part.settle(6)
    part.settle(7)
    assert part.done == 5
    part.settle(5)
    assert part.done == 8


def test_offsets_that_the_log_does_not_have_are_no_gap() -> None:
    part = arrived(5, 9)
    part.settle(5)
    assert part.done == 9
    part.settle(9)
    assert part.done == 10


def test_settling_twice_counts_once() -> None:
    part = arrived(1, 2)
    part.hand_out(1)
    part.hand_out(2)
    part.settle(1)
    part.settle(1)
    assert (part.in_hand, part.holds(1), part.holds(2)) == (1, False, True)


def test_a_log_that_begins_anew_is_noticed() -> None:
    part = arrived(5, 6)
    assert (part.follows(7), part.follows(9), part.follows(6), part.follows(0)) == (
        True,
        True,
        False,
        False,
    )


@given(st.permutations(range(12)), st.integers(0, 12))
def test_done_is_the_first_that_is_not_settled(order: list[int], settled: int) -> None:
    part = arrived(*range(12))
    for offset in order[:settled]:
        part.settle(offset)
    assert part.done == min(order[settled:], default=12)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_queues_never_share_a_topic(one: str, other: str) -> None:
    place = Place.of(Address.parse("kafka://h"))
    assert (place.topic(one) == place.topic(other)) == (one == other)
