"""What the dead-letter list promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ergate.contracts.state_store import DeadLetter, StateStore
from ergate.testing.conformance.case import Now, StoreCase

LONG_AGO = 1234.5


class Letters(StoreCase):
    """What nobody understood is kept byte for byte, and leaves the list once."""

    def test_a_buried_letter_comes_back_byte_for_byte(
        self, store: StateStore, other: StateStore
    ) -> None:
        letter = _letter("a", body=bytes(range(256)))
        store.bury([letter])
        (found,) = other.dead_letters()
        assert replace(found, at=letter.at) == letter

    def test_the_newest_letter_comes_first_and_the_limit_holds(self, store: StateStore) -> None:
        for name in "abc":
            store.bury([_letter(name)])
        assert [letter.id for letter in store.dead_letters(2)] == ["c", "b"]

    def test_burying_the_same_id_again_changes_nothing(self, store: StateStore) -> None:
        store.bury([_letter("a", body=b"first")])
        store.bury([_letter("a", body=b"second"), _letter("b")])
        bodies = {letter.id: letter.body for letter in store.dead_letters()}
        assert bodies == {"a": b"first", "b": b"?"}

    def test_exhuming_removes_a_letter_and_returns_it(self, store: StateStore) -> None:
        store.bury([_letter("a")])
        exhumed = store.exhume("a")
        assert exhumed is not None
        assert (exhumed.id, exhumed.body) == ("a", b"?")
        assert list(store.dead_letters()) == []

    def test_the_second_to_exhume_a_letter_gets_nothing(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.bury([_letter("a")])
        store.exhume("a")
        assert other.exhume("a") is None
        assert store.exhume("unknown") is None

    def test_a_letter_without_a_time_is_of_now_and_another_keeps_its_own(
        self, store: StateStore, now: Now
    ) -> None:
        """One that comes from another store was not understood when it was buried there."""
        store.bury([replace(_letter("new"), at=0.0), replace(_letter("old"), at=LONG_AGO)])
        times = {letter.id: letter.at for letter in store.dead_letters()}
        assert times["old"] == LONG_AGO
        assert times["new"] == pytest.approx(now(), abs=5)

    def test_burying_nothing_does_nothing(self, store: StateStore) -> None:
        store.bury([])
        assert list(store.dead_letters()) == []


def _letter(name: str, body: bytes = b"?") -> DeadLetter:
    return DeadLetter(id=name, queue="mail", body=body, reason="not JSON: line 1, é", at=1.5)
