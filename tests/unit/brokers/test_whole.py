"""Whole jobs through a queue of a backend: read, put back, acknowledged at the very end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ergate.brokers.journal_store import JournalStore
from ergate.brokers.whole import VALUES, Wanted, WholeJobs
from ergate.contracts.queue import Delivery, Message
from ergate.errors import BackendUnavailable
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.jobs.status import JobStatus
from ergate.workflows.registry import Registry
from ergate.workflows.workflow import Workflow
from ergate_backends.memory.journal import MemoryJournal
from ergate_backends.memory.queue import MemoryQueue


class Order(Job):
    customer: str = ""


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def store() -> JournalStore:
    return JournalStore(MemoryJournal())


@pytest.fixture
def registry() -> Registry:
    workflow, registry = Workflow("mail"), Registry()
    workflow.step(name="send")(lambda: None)
    registry.register(workflow)
    return registry


@pytest.fixture
def jobs(queue: MemoryQueue, store: JournalStore, registry: Registry) -> WholeJobs:
    wanted = Wanted(
        limits=Limits(max_bytes=1000), queues=("default", "gpu"), job_type=Order, registry=registry
    )
    return WholeJobs(queue, store, wanted)


Publish = Callable[..., None]


@pytest.fixture
def publish(queue: MemoryQueue) -> Publish:
    def publish(body: bytes | dict[str, object], name: str = "default") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        queue.publish([Message(data, "key", name)])

    return publish


def test_plain_json_is_a_new_job_with_an_id_that_follows_from_its_message(
    jobs: WholeJobs, queue: MemoryQueue, publish: Publish
) -> None:
    publish({"workflow_name": "mail", "initial_input_value": 3})
    first = jobs.get_one()
    queue.close()  # what is in hand comes again
    again = jobs.get_one()
    assert (first.workflow_name, first.initial_input_value) == ("mail", 3)
    assert first.id == again.id
    assert isinstance(first, Order)
    assert first.created_at is not None


def test_a_job_that_is_put_back_comes_as_it_was_with_its_own_fields(
    jobs: WholeJobs, publish: Publish
) -> None:
    publish({"workflow_name": "mail", "id": "a", "customer": "ann"})
    job = jobs.get_one()
    job.revision, job.step_name, job.last_return_value = 2, "send", {"n": 1}
    jobs.put(job)
    jobs.done(job)
    assert jobs.get_one() == job


def test_a_message_is_acknowledged_when_it_is_done_and_not_before(
    jobs: WholeJobs, queue: MemoryQueue, publish: Publish
) -> None:
    publish({"workflow_name": "mail", "id": "a"})
    jobs.get_one()
    queue.close()
    job = jobs.get_one()
    jobs.done(job)
    queue.close()
    assert jobs.take(0.0) is None


def test_a_job_remembers_where_its_steps_wait_that_name_no_queue(
    jobs: WholeJobs, publish: Publish
) -> None:
    publish({"workflow_name": "mail", "id": "a"})
    job = jobs.get_one()
    job.queue, job.revision = "gpu", 2
    jobs.put(job)
    jobs.done(job)
    again = jobs.get_one()
    assert (again.queue, jobs.home_of(again)) == ("gpu", "default")


def test_a_job_from_elsewhere_waits_where_its_message_came_from(
    jobs: WholeJobs, publish: Publish
) -> None:
    publish({"workflow_name": "mail"}, "gpu")
    assert jobs.get_one().queue == "gpu"


def test_what_this_worker_has_brought_further_is_dropped_when_it_comes_again(
    jobs: WholeJobs, publish: Publish
) -> None:
    publish({"workflow_name": "mail", "id": "a"})
    publish({"workflow_name": "mail", "id": "a"})
    job = jobs.get_one()
    job.revision, job.status = 2, JobStatus.COMPLETED
    jobs.done(job)
    assert jobs.take(0.0) is None


TOO_LARGE = json.dumps({"workflow_name": "mail", "last_return_value": "x" * 1000}).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"\xff\xfe", "not UTF-8 text", id="bytes"),
        pytest.param(b'{"workflow_name": "ma', "not JSON", id="truncated"),
        pytest.param(b"[1, 2]", "no object with a workflow_name", id="list"),
        pytest.param(b'{"workflow_name": 7}', "workflow_name: Input should be", id="wrong type"),
        pytest.param(b'{"workflow_name": "mali"}', 'Did you mean "mail"', id="unknown workflow"),
        pytest.param(
            b'{"workflow_name": "mail", "id": "%s"}' % (b"x" * 200), "200 bytes", id="long id"
        ),
        pytest.param(TOO_LARGE, "at most 1,000 can be stored", id="large value"),
        pytest.param(b'"%s"' % (b"x" * 1000 * VALUES), "at most 4,000", id="large message"),
        pytest.param(
            b'{"v": 1, "job": "a", "revision": 1, "queue": "default"}', "ticket", id="ticket"
        ),
    ],
)
def test_what_is_no_job_is_buried_once_and_acknowledged(
    jobs: WholeJobs,
    store: JournalStore,
    queue: MemoryQueue,
    publish: Publish,
    body: bytes,
    reason: str,
) -> None:
    publish(body)
    assert jobs.take(0.0) is None
    (letter,) = store.dead_letters()
    assert (letter.body, letter.queue) == (body, "default")
    assert reason in letter.reason
    queue.close()
    assert jobs.take(0.0) is None


def test_a_job_that_ergate_handed_in_may_name_a_workflow_of_another_deploy(
    jobs: WholeJobs, publish: Publish
) -> None:
    handed_in = Job(id="a", workflow_name="newer", created_at=datetime.now(UTC))
    publish(handed_in.model_dump_json().encode())
    assert jobs.get_one().workflow_name == "newer"


class GivesUp(MemoryQueue):
    """Says of each message that it was delivered too often."""

    def _hand_out(self, stored: object) -> Delivery:
        given = super()._hand_out(stored)  # type: ignore[arg-type]  # whatever the base class keeps
        reason = "It was delivered 20 times."
        return Delivery(given.body, given.queue, given.handle, given.identity, given_up=reason)


def test_a_job_that_the_server_gave_up_fails_with_its_reason(store: JournalStore) -> None:
    queue = GivesUp()
    jobs = WholeJobs(queue, store, Wanted(limits=Limits()))
    queue.publish([Message(b'{"workflow_name": "mail", "id": "a"}', "a")])
    assert jobs.take(0.0) is None
    record = store.get("a")
    assert record is not None
    assert record.status is JobStatus.FAILED
    assert "delivered 20 times" in (record.error or "")
    queue.close()
    assert jobs.take(0.0) is None


class Away(MemoryQueue):
    """Cannot be told that a message is done."""

    def acknowledge(self, deliveries: object) -> None:
        raise BackendUnavailable("The server is away.")


def test_an_acknowledgement_that_is_lost_stops_nobody(store: JournalStore) -> None:
    queue = Away()
    jobs = WholeJobs(queue, store, Wanted(limits=Limits()))
    queue.publish([Message(b'{"workflow_name": "mail", "id": "a"}', "a")])
    job = jobs.get_one()
    jobs.done(job)
