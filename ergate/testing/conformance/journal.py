"""Every promise of `ergate.contracts.journal`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event

import pytest

from ergate.contracts.capabilities import Level
from ergate.contracts.journal import Entry, Journal, JournalKind, last_of_each_key

KINDS = list(JournalKind)
LARGE = 2 * 1024 * 1024


class JournalCase:
    """What an implementer provides: `open_journal`."""

    @pytest.fixture
    def open_journal(self) -> Callable[[JournalKind], Journal]:
        """Open a journal at the same, at first empty, place: each call another connection.

        Close them afterwards.
        """
        raise NotImplementedError("Provide a fixture `open_journal`: kind -> Journal.")

    @pytest.fixture(params=KINDS, ids=str)
    def journal(
        self, request: pytest.FixtureRequest, open_journal: Callable[[JournalKind], Journal]
    ) -> Iterator[Journal]:
        """A journal of either kind."""
        journal = open_journal(request.param)
        yield journal
        journal.close()

    @pytest.fixture
    def jobs(self, open_journal: Callable[[JournalKind], Journal]) -> Iterator[Journal]:
        """A journal in which the last entry of each key counts."""
        journal = open_journal(JournalKind.JOBS)
        yield journal
        journal.close()


class JournalSuite(JournalCase):
    """A journal gives back what it confirmed, and ends its reading."""

    def test_an_entry_comes_back_byte_for_byte(self, journal: Journal) -> None:
        entry = Entry("job-ä", bytes(range(256)) * 4)
        journal.append([entry])
        assert list(journal.read()) == [entry]

    def test_an_empty_journal_has_nothing_to_read(self, journal: Journal) -> None:
        assert list(journal.read()) == []

    def test_appending_nothing_does_nothing(self, journal: Journal) -> None:
        journal.append([])
        assert list(journal.read()) == []

    def test_entries_of_one_key_are_read_in_the_order_of_their_appending(
        self, open_journal: Callable[[JournalKind], Journal]
    ) -> None:
        journal = open_journal(JournalKind.EVENTS)
        first = [Entry(f"job-{n % 3}", b"%d" % n) for n in range(60)]
        second = [Entry(f"job-{n % 3}", b"%d" % n) for n in range(60, 90)]
        journal.append(first)
        journal.append(second)
        read = list(journal.read())
        for key in ("job-0", "job-1", "job-2"):
            expected = [entry for entry in [*first, *second] if entry.key == key]
            assert expected == [entry for entry in read if entry.key == key]
        journal.close()

    def test_every_entry_of_a_large_batch_is_there(self, journal: Journal) -> None:
        entries = [Entry(f"job-{n}", b"%d" % n) for n in range(2000)]
        journal.append(entries)
        assert Counter(entries) == Counter(journal.read())

    def test_a_large_body_is_kept_whole(self, journal: Journal) -> None:
        entry = Entry("job-1", b"x" * LARGE)
        journal.append([entry])
        assert list(journal.read()) == [entry]

    def test_it_can_be_read_again_and_again(self, journal: Journal) -> None:
        journal.append([Entry("a", b"1")])
        assert list(journal.read()) == [Entry("a", b"1")]
        journal.append([Entry("b", b"2")])
        both = {Entry("a", b"1"), Entry("b", b"2")}
        assert both == set(journal.read()) == set(journal.read())

    def test_a_reading_can_be_left_early(self, journal: Journal) -> None:
        entries = [Entry(f"job-{n}", b"%d" % n) for n in range(50)]
        journal.append(entries)
        assert len(list(islice(journal.read(), 3))) == len("abc")
        assert Counter(entries) == Counter(journal.read())

    def test_another_connection_reads_what_was_confirmed(
        self, open_journal: Callable[[JournalKind], Journal], jobs: Journal
    ) -> None:
        other = open_journal(JournalKind.JOBS)
        jobs.append([Entry("a", b"1")])
        assert list(other.read()) == [Entry("a", b"1")]
        other.append([Entry("b", b"2")])
        assert last_of_each_key(jobs.read()) == {"a": b"1", "b": b"2"}
        other.close()

    def test_what_was_confirmed_is_there_after_its_writer_closed(
        self, open_journal: Callable[[JournalKind], Journal], jobs: Journal
    ) -> None:
        writer = open_journal(JournalKind.JOBS)
        writer.append([Entry("a", b"1")])
        writer.close()
        assert list(jobs.read()) == [Entry("a", b"1")]

    def test_a_reading_ends_while_others_append(
        self, open_journal: Callable[[JournalKind], Journal], jobs: Journal
    ) -> None:
        writer, ended = open_journal(JournalKind.JOBS), Event()
        jobs.append([Entry("first", b"0")])

        def write() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                writer.append([Entry(f"job-{number}", b"%d" % number)])

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            try:
                readings = [last_of_each_key(jobs.read()) for _ in range(3)]
            finally:
                ended.set()
            writing.result()
        assert all(reading["first"] == b"0" for reading in readings)
        writer.close()

    def test_threads_can_append_at_the_same_time(
        self, open_journal: Callable[[JournalKind], Journal]
    ) -> None:
        journal = open_journal(JournalKind.EVENTS)
        batches = [[Entry(f"job-{w}", b"%d.%d" % (w, n)) for n in range(25)] for w in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(journal.append, batches))
        read = list(journal.read())
        for number, batch in enumerate(batches):
            assert batch == [entry for entry in read if entry.key == f"job-{number}"]
        journal.close()

    # --- the two kinds ----------------------------------------------------------------------------

    def test_of_jobs_the_last_entry_of_each_key_counts(self, jobs: Journal) -> None:
        jobs.append([Entry("a", b"1"), Entry("b", b"1"), Entry("a", b"2")])
        jobs.append([Entry("b", b"2")])
        assert last_of_each_key(jobs.read()) == {"a": b"2", "b": b"2"}

    def test_an_empty_body_takes_a_job_back(self, jobs: Journal) -> None:
        jobs.append([Entry("a", b"1"), Entry("b", b"1")])
        jobs.append([Entry("a", b"")])
        assert last_of_each_key(jobs.read()) == {"b": b"1"}

    def test_of_events_every_entry_is_kept(
        self, open_journal: Callable[[JournalKind], Journal]
    ) -> None:
        journal = open_journal(JournalKind.EVENTS)
        same = Entry("a", b"1")
        journal.append([same, same])
        journal.append([same])
        assert list(journal.read()) == [same] * 3
        journal.close()

    def test_jobs_and_events_are_kept_apart(
        self, open_journal: Callable[[JournalKind], Journal], jobs: Journal
    ) -> None:
        events = open_journal(JournalKind.EVENTS)
        jobs.append([Entry("a", b"job")])
        events.append([Entry("a", b"event")])
        assert list(jobs.read()) == [Entry("a", b"job")]
        assert list(events.read()) == [Entry("a", b"event")]
        events.close()

    # --- the rest ---------------------------------------------------------------------------------

    def test_it_says_what_a_confirmed_entry_survives(self, journal: Journal) -> None:
        assert journal.level in Level

    def test_closing_twice_does_no_harm(self, journal: Journal) -> None:
        journal.append([Entry("a", b"1")])
        journal.close()
        journal.close()
