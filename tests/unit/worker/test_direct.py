"""One turn of direct mode, with a queue of a backend and a journal."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from ergate.app import Ergate
from ergate.brokers.broker import Labels
from ergate.brokers.journal import journaled
from ergate.brokers.journal_store import JournalStore
from ergate.brokers.whole import Wanted
from ergate.client import Client, Wish
from ergate.contracts.journal import Entry
from ergate.contracts.queue import Delivery, Message
from ergate.errors import PayloadError
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.jobs.status import JobStatus
from ergate.settings import Settings
from ergate.worker.direct import DirectWorker
from ergate.worker.events import Event, StepsEnded
from ergate.worker.marks import Mark, Marks
from ergate.worker.stopping import Stopping
from ergate.workflows.workflow import Workflow
from ergate_backends.memory.journal import MemoryJournal
from ergate_backends.memory.queue import MemoryQueue

LARGE = 5000


class Log:
    """The calls that reached the two halves, in their order."""

    def __init__(self) -> None:
        self.calls: list[str] = []


class ToldQueue(MemoryQueue):
    """Notes its calls, and refuses large messages."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def publish(self, messages: Sequence[Message]) -> None:
        if any(len(message.body) > LARGE for message in messages):
            raise PayloadError("The message is too large for this server.")
        self._log.calls.append("publish")
        super().publish(messages)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._log.calls.append("acknowledge")
        super().acknowledge(deliveries)


class ToldJournal(MemoryJournal):
    """Notes what it is told."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def append(self, entries: Sequence[Entry]) -> None:
        if any(len(entry.body) > 3 * LARGE for entry in entries):
            raise PayloadError("The entry is too large for this server.")
        self._log.calls += [Job.model_validate_json(entry.body).status for entry in entries]
        super().append(entries)


class Bench:
    """A worker that turns when it is told to."""

    def __init__(self, workflow: Workflow) -> None:
        app = Ergate()
        app.register_workflow(workflow)
        self.log, self.events = Log(), list[Event]()
        self.marks, descriptor = Marks.create(1)
        os.close(descriptor)
        self.queue, store = ToldQueue(self.log), JournalStore(ToldJournal(self.log))
        wanted = Wanted(limits=Limits(), registry=app.registry, queues=("default", "gpu"))
        broker = journaled(self.queue, lambda: store, Labels("queue", "journal"), wanted)
        assert broker.client_side is not None
        self.client = Client(broker.client_side, Job, Limits(), app.registry)
        self.worker = DirectWorker(
            "w",
            app.program(Settings()),
            broker,
            report=self.events.append,
            stopping=Stopping(),
            marks=self.marks,
        )

    def turn(self) -> list[str]:
        """Turn once, and return the calls that it made."""
        self.log.calls.clear()
        self.worker.turn()
        return self.log.calls


@pytest.fixture
def workflow() -> Workflow:
    workflow = Workflow("sums")

    @workflow.step
    def double(n: int) -> int:
        return 2 * n

    @workflow.step(queue="gpu")
    def grow(n: int) -> str:
        return "x" * n

    @workflow.step
    def end(text: str) -> int:
        return len(text)

    return workflow


def test_a_message_is_acknowledged_after_what_followed_from_it_was_written_and_published(
    workflow: Workflow,
) -> None:
    bench = Bench(workflow)
    job = bench.client.enqueue("sums", 3, Wish())
    assert bench.turn() == ["running", "queued", "publish", "acknowledge"]
    assert bench.turn() == ["running", "queued", "publish", "acknowledge"]
    assert bench.turn() == ["running", "completed", "acknowledge"]
    assert bench.turn() == []
    ended = bench.client.get_job(str(job.id))
    assert (ended.last_return_value, ended.worker_id) == (6, None)


def test_a_step_without_a_queue_goes_home_after_one_that_has_its_own(workflow: Workflow) -> None:
    bench = Bench(workflow)
    job = bench.client.enqueue("sums", 3, Wish())
    queues = []
    for _ in range(2):
        bench.turn()
        queues.append(bench.client.get_job(str(job.id)).queue)
    assert queues == ["gpu", "default"]


def test_the_journal_says_who_runs_a_step() -> None:
    workflow, seen = Workflow("who"), list[str | None]()
    workflow.step(name="look")(lambda: seen.append(bench.client.get_job("a").worker_id))
    bench = Bench(workflow)
    bench.client.enqueue("who", None, Wish(id="a"))
    bench.turn()
    assert seen == ["w"]


def test_the_supervisor_sees_which_step_runs() -> None:
    workflow, seen = Workflow("who"), list[Mark]()
    workflow.step(name="look")(lambda: seen.extend(bench.marks.read()))
    bench = Bench(workflow)
    bench.client.enqueue("who", None, Wish(id="a"))
    bench.turn()
    assert [(mark.job_id, mark.workflow, mark.step) for mark in seen] == [("a", "who", "look")]
    assert bench.marks.read() == []


def test_a_job_that_outgrows_its_queue_fails_and_says_so(workflow: Workflow) -> None:
    bench = Bench(workflow)
    job = bench.client.enqueue("sums", LARGE, Wish())
    bench.turn()
    calls = bench.turn()
    assert calls[-2:] == ["failed", "acknowledge"]
    failed = bench.client.get_job(str(job.id))
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.message == "The message is too large for this server."
    (told,) = [event for event in bench.events if isinstance(event, StepsEnded)][-1].steps
    assert (told.outcome, told.error is None) == ("failed", False)
    assert bench.turn() == []


def test_a_job_that_its_journal_does_not_take_fails_without_its_values(workflow: Workflow) -> None:
    bench = Bench(workflow)
    large = Job(id="a", workflow_name="sums", initial_input_value="x" * 4 * LARGE)
    MemoryQueue.publish(bench.queue, [Message(large.model_dump_json().encode(), "a")])
    assert bench.turn() == ["failed", "acknowledge"]
    failed = bench.client.get_job("a")
    assert (failed.initial_input_value, failed.status) == (None, JobStatus.FAILED)
    assert failed.error is not None
    assert failed.error.message == "The entry is too large for this server."


def test_a_job_that_has_ended_is_dropped_from_the_queue(workflow: Workflow) -> None:
    bench = Bench(workflow)
    done = Job(id="a", workflow_name="sums", status=JobStatus.COMPLETED)
    bench.queue.publish([Message(done.model_dump_json().encode(), "a")])
    assert bench.turn() == ["acknowledge"]
