"""A journal as state store: what it tells of jobs, and how they are handed in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from ergate.brokers.broker import Labels
from ergate.brokers.journal import JournalBroker
from ergate.brokers.journal_letters import MAX_BYTES
from ergate.brokers.journal_store import JournalStore
from ergate.client import Client, Wish
from ergate.contracts.capabilities import Level
from ergate.contracts.journal import Entry, last_of_each_key
from ergate.contracts.queue import Message
from ergate.contracts.state_store import DeadLetter, JobFilter
from ergate.errors import (
    BackendUnavailable,
    CorruptRecord,
    JobNotFoundError,
    Unsupported,
    UsageError,
)
from ergate.jobs.codec import Limits
from ergate.jobs.document import document_of, record_of
from ergate.jobs.errors import JobError
from ergate.jobs.events import RecoveryPolicy, RestartAsked
from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate_backends.memory.journal import MemoryJournal
from ergate_backends.memory.queue import MemoryQueue

LABELS = Labels("queue", "journal")


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def store(journal: MemoryJournal) -> JournalStore:
    return JournalStore(journal)


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def broker(queue: MemoryQueue, store: JournalStore) -> JournalBroker:
    return JournalBroker(queue, store, LABELS)


@pytest.fixture
def client(broker: JournalBroker) -> Client[Job]:
    return Client(broker, Job, Limits(), None)


def record(job_id: str, **changes: object) -> JobRecord:
    base = JobRecord(id=job_id, workflow_name="mail", created_at=1.0, updated_at=1.0)
    return replace(base, **changes)  # type: ignore[arg-type]  # each test knows its fields


# --- a job and its document -----------------------------------------------------------------------


def test_a_job_survives_being_written_and_read() -> None:
    job = record(
        "a",
        status=JobStatus.FAILED,
        revision=5,
        seq=2,
        attempt=1,
        step_name="send",
        queue="mails",
        home_queue="mails",
        initial_input_value='{"é":[1,null]}',
        last_return_value='"x"',
        extra='{"customer": "ann"}',
        error=JobError(type="ValueError", message="no").to_json(),
        created_at=100.5,
        updated_at=200.0,
        finished_at=200.0,
    )
    assert record_of("a", document_of(job)) == job


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b"no", b'{"workflow_name": 1}'])
def test_an_entry_that_is_no_job_is_a_corrupt_record(body: bytes) -> None:
    with pytest.raises(CorruptRecord, match="The journal's entry of job"):
        record_of("a", body)


# --- reading --------------------------------------------------------------------------------------


def test_the_last_entry_of_a_job_counts(store: JournalStore) -> None:
    store.submit([record("a"), record("b")])
    job = Job(id="a", workflow_name="mail", status=JobStatus.RUNNING, revision=2)
    store.update(job)
    found = store.get("a")
    assert found is not None
    assert (found.status, found.revision) == (JobStatus.RUNNING, 2)
    assert store.get("nobody") is None
    assert store.count(JobFilter()) == {JobStatus.RUNNING: 1, JobStatus.QUEUED: 1}


def test_the_list_has_the_newest_job_first_and_can_be_narrowed(store: JournalStore) -> None:
    store.submit(
        [
            record("a", created_at=1.0),
            record("b", created_at=3.0, queue="mails"),
            record("c", created_at=2.0, workflow_name="order"),
            record("d", created_at=4.0, status=JobStatus.COMPLETED, finished_at=9.0),
        ]
    )

    def ids(limit: int = 100, offset: int = 0, **which: object) -> list[str]:
        chosen = JobFilter(**which)  # type: ignore[arg-type]  # each line knows its fields
        return [job.id for job in store.list(chosen, limit=limit, offset=offset)]

    assert ids() == ["d", "b", "c", "a"]
    assert ids(limit=2, offset=1) == ["b", "c"]
    assert ids(queue="mails") == ["b"]
    assert ids(workflow="order") == ["c"]
    assert ids(status=JobStatus.COMPLETED) == ids(finished_before=10.0) == ["d"]
    assert ids(since=3.0) == ["d", "b"]


def test_queues_are_counted_from_the_jobs_that_have_not_ended(store: JournalStore) -> None:
    store.submit(
        [
            record("a", updated_at=5.0),
            record("b", updated_at=4.0),
            record("c", status=JobStatus.SCHEDULED, due_at=9.0),
            record("d", status=JobStatus.COMPLETED),
        ]
    )
    (stats,) = store.queues()
    assert (stats.queue, stats.ready, stats.scheduled, stats.running) == ("default", 2, 1, 0)
    assert (stats.oldest_ready_at, stats.next_due_at) == (4.0, 9.0)


def test_what_is_no_job_is_left_out_of_lists(
    store: JournalStore, journal: MemoryJournal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.append([Entry("stranger", b"hello")])
    store.submit([record("a")])
    assert [job.id for job in store.list(JobFilter())] == ["a"]
    assert 'entry of job "stranger" cannot be read' in caplog.text
    with pytest.raises(CorruptRecord):
        store.get("stranger")


def test_a_job_of_an_own_queue_without_an_id_gets_one(store: JournalStore) -> None:
    job = Job(workflow_name="mail")
    store.update(job)
    assert store.get(job.id) is not None


# --- history --------------------------------------------------------------------------------------


def test_the_history_is_told_from_one_state_to_the_next(store: JournalStore) -> None:
    error = JobError(type="ValueError", message="no").to_json()
    states = [
        record("a", step_name="pay"),
        record("a", step_name="pay", status=JobStatus.RUNNING, worker_id="w", updated_at=2.0),
        record(
            "a", step_name="pay", status=JobStatus.SCHEDULED, revision=2, attempt=1, error=error
        ),
        record("a", step_name="pay", status=JobStatus.RUNNING, revision=2, attempt=1),
        record("a", step_name="ship", revision=3, seq=1, last_return_value="7"),
        record("a", step_name="ship", status=JobStatus.RUNNING, revision=3, seq=1),
        record("a", status=JobStatus.COMPLETED, revision=4, seq=2, last_return_value="8"),
    ]
    for state in states:
        store.submit([state])
    rows = store.history("a")
    assert [row.event for row in rows] == ["submitted", "retried", "applied", "applied"]
    assert [row.seq for row in rows] == [0, 0, 0, 1]
    assert [row.result for row in rows] == [None, None, "7", "8"]
    assert (rows[1].worker_id, rows[1].claimed_at, rows[1].detail) == ("w", 2.0, error)
    assert (rows[2].step_name, rows[2].next_step) == ("pay", "ship")


def test_a_history_whose_beginning_was_compacted_starts_with_what_is_left(
    store: JournalStore,
) -> None:
    store.submit([record("a", status=JobStatus.COMPLETED, revision=4, seq=2)])
    (row,) = store.history("a")
    assert (row.event, row.status, row.seq) == ("applied", JobStatus.COMPLETED, 1)


# --- handing in -----------------------------------------------------------------------------------


def test_a_job_is_written_down_and_published_whole(
    client: Client[Job], store: JournalStore, queue: MemoryQueue
) -> None:
    job = client.enqueue("mail", 3, Wish(queue="mails"))
    (delivery,) = queue.receive(["mails"], 1, 0.0)
    assert Job.model_validate_json(delivery.body) == job == client.get_job(str(job.id))


def test_the_same_id_again_while_the_job_waits_publishes_it_again(
    client: Client[Job], queue: MemoryQueue
) -> None:
    for _ in range(2):
        client.enqueue("mail", 3, Wish(id="order-17"))
    assert queue.depth("default") == 2


def test_the_same_id_again_once_the_job_has_begun_changes_nothing(
    client: Client[Job], store: JournalStore, queue: MemoryQueue
) -> None:
    client.enqueue("mail", 3, Wish(id="order-17"))
    store.update(Job(id="order-17", workflow_name="mail", status=JobStatus.RUNNING))
    job = client.enqueue("mail", 4, Wish(id="order-17"))
    assert (job.status, queue.depth("default")) == (JobStatus.RUNNING, 1)


class Away(MemoryQueue):
    """Takes no message."""

    def publish(self, messages: Sequence[Message]) -> None:
        raise BackendUnavailable("The queue is away.")


def test_a_job_that_could_not_be_published_is_taken_back(
    store: JournalStore, journal: MemoryJournal
) -> None:
    client = Client(JournalBroker(Away(), store, LABELS), Job, Limits(), None)
    with pytest.raises(BackendUnavailable):
        client.enqueue("mail", 3, Wish(id="order-17"))
    assert last_of_each_key(journal.read()) == {}
    with pytest.raises(JobNotFoundError):
        client.get_job("order-17")


def test_into_a_queue_of_the_users_own_nothing_is_handed_in(store: JournalStore) -> None:
    with pytest.raises(UsageError, match="only the app can put a Job into it"):
        JournalBroker(None, store, LABELS).submit([record("a")])


def test_the_level_is_that_of_the_weaker_half(store: JournalStore, queue: MemoryQueue) -> None:
    assert JournalBroker(queue, store, LABELS).level is Level.L0


# --- what it cannot do ----------------------------------------------------------------------------


def test_what_a_journal_cannot_do_is_refused_with_the_way_out(
    broker: JournalBroker, store: JournalStore
) -> None:
    policy = RecoveryPolicy()
    acts: list[Callable[[], object]] = [
        lambda: store.cancel("a"),
        lambda: store.restart("a", RestartAsked(0, None, 0, 0.0, "default", "null")),
        lambda: store.prune(JobFilter()),
        lambda: store.purge("default"),
        lambda: store.claim_ready(["default"], 1, "w"),
        lambda: store.claim([], "w"),
        lambda: store.wait_ready(["default"], 0.0),
        lambda: store.settle([]),
        lambda: store.unpublished(1, 0.0),
        lambda: store.published([]),
        lambda: store.republish(0.0, 1),
        lambda: store.heartbeat([], 1.0),
        lambda: store.retire("w"),
        lambda: store.recover("w", {}, blame=False, reason="", policy=policy),
        lambda: broker.sweep(policy, []),
        lambda: broker.settle([]),
        lambda: broker.claim([], 1, 0.0, "w"),
    ]
    for act in acts:
        with pytest.raises(Unsupported):
            act()
    with pytest.raises(Unsupported, match="cannot cancel a job: it is only written to and read"):
        store.cancel("a")


# --- dead letters ---------------------------------------------------------------------------------


def letter(letter_id: str, body: bytes = b"\xff", at: float = 1.0) -> DeadLetter:
    return DeadLetter(id=letter_id, queue="default", body=body, reason="no job", at=at)


def test_dead_letters_are_kept_beside_the_jobs_and_can_be_taken_out(store: JournalStore) -> None:
    store.submit([record("a")])
    store.bury([letter("x"), letter("y", at=2.0)])
    store.bury([letter("x")])
    assert store.dead_letters() == [letter("y", at=2.0), letter("x")]
    assert [job.id for job in store.list(JobFilter())] == ["a"]
    assert store.get("dead-letter/x") is None
    assert store.exhume("x") == letter("x")
    assert store.exhume("x") is None
    assert store.dead_letters() == [letter("y", at=2.0)]


def test_of_a_very_large_letter_the_beginning_is_kept(store: JournalStore) -> None:
    store.bury([letter("x", b"a" * (MAX_BYTES + 1))])
    (kept,) = store.dead_letters()
    assert kept.body == b"a" * MAX_BYTES
    assert "4,194,305 bytes the first 4,194,304 are kept" in kept.reason


def test_a_letter_that_is_damaged_is_shown_as_it_is(
    store: JournalStore, journal: MemoryJournal
) -> None:
    journal.append([Entry("dead-letter/x", json.dumps({"queue": "q"}).encode())])
    (damaged,) = store.dead_letters()
    assert damaged.reason == "The entry of this letter is damaged: 'body_base64'."
