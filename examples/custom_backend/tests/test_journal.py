"""The journal keeps every promise that Ergate makes of a state store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ergate_journal.store import JournalStore

from ergate.contracts.state_store import DeadLetter
from ergate.errors import BackendUnavailable
from ergate.testing import FakeClock, StateStoreSuite
from ergate.testing.conformance.moves import ADVANCED, running, settled, submitted


class TestJournalStore(StateStoreSuite):
    @pytest.fixture
    def store(self, clock: FakeClock, tmp_path: Path) -> Iterator[JournalStore]:
        store = JournalStore(tmp_path / "jobs.journal", clock)
        yield store
        store.close()


def test_everything_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    file, clock = tmp_path / "jobs.journal", FakeClock()
    store = JournalStore(file, clock)
    waiting = submitted(store, priority=3)
    advanced = settled(store, running(store), ADVANCED)
    store.bury([DeadLetter(id="x", queue="mail", body=b"\xff", reason="?", at=0.0)])
    letters, history = store.dead_letters(), store.history(advanced.id)
    store.close()
    again = JournalStore(file, clock)
    assert [again.get(waiting.id), again.get(advanced.id)] == [waiting, advanced]
    assert (again.history(advanced.id), again.dead_letters()) == (history, letters)
    assert [job.id for job in again.claim_ready(["default"], 9, "w")] == [waiting.id, advanced.id]
    again.close()


def test_the_torn_line_of_a_crash_never_happened(tmp_path: Path) -> None:
    file, clock = tmp_path / "jobs.journal", FakeClock()
    store = JournalStore(file, clock)
    kept, torn = submitted(store), submitted(store)
    store.close()
    file.write_bytes(file.read_bytes()[:-7])
    again = JournalStore(file, clock)
    assert (again.get(kept.id), again.get(torn.id)) == (kept, None)
    later = submitted(again)
    again.close()
    third = JournalStore(file, clock)
    assert third.get(later.id) == later
    third.close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "jobs.journal", FakeClock())
    with pytest.raises(BackendUnavailable, match="in use by another process"):
        JournalStore(tmp_path / "jobs.journal", FakeClock())
    store.close()
