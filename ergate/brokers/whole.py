"""A named queue in direct mode: whole jobs travel, each acknowledged when its step is over.

The message stays in this worker's hands while the step runs, so the server gives it to another
one when this worker dies, and a step whose worker died after it wrote its outcome runs again.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pydantic

from ergate.brokers.journal_store import JournalStore
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.contracts.state_store import DeadLetter
from ergate.errors import BackendUnavailable, PayloadError, UnknownWorkflowError
from ergate.jobs.codec import Limits, checked
from ergate.jobs.errors import JobError
from ergate.jobs.ids import checked_id
from ergate.jobs.job import Job, record_from_job
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.workflows.registry import Registry

log = logging.getLogger("ergate")

PIECE_S = 0.25
"""So long one receive blocks: between two of them a signal is heard."""
REMEMBERED = 10_000
"""Jobs of which is remembered how far this process brought them."""
VALUES = 4
"""A message holds three values and the rest, each within the limits of one."""


class NotAJob(Exception):
    """Why a message is no whole job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which messages are jobs for us, and as what they are read."""

    limits: Limits
    queues: Sequence[str] = ("default",)
    job_type: type[Job] = Job
    registry: Registry | None = None
    """The workflows that a message from elsewhere may name; None allows any."""


class WholeJobs:
    """Gives a queue of a backend the shape of a user's own: `get_one` and `put`, and `done`.

    Not thread-safe: one step after the other. Each method raises `BackendUnavailable`.
    """

    def __init__(self, queue: Queue, store: JournalStore, wanted: Wanted) -> None:
        self._queue = queue
        self._store = store
        self._wanted = wanted
        self._in_hand: dict[str, tuple[Delivery, str]] = {}
        """By job: its delivery, and the queue where its steps wait that name none."""
        self._brought: OrderedDict[str, int] = OrderedDict()

    def get_one(self) -> Job:
        """Return the next job; block until there is one."""
        while (job := self.take(PIECE_S)) is None:
            pass
        return job

    def take(self, timeout_s: float) -> Job | None:
        """Return the next job; None when none came in time, or what came was no job."""
        deliveries = self._queue.receive(self._wanted.queues, 1, timeout_s)
        return self._read(deliveries[0]) if deliveries else None

    def put(self, job: Job) -> None:
        """Publish the job as it is now, to the queue of its next step."""
        plain = job.model_dump(mode="json") | {"home_queue": self.home_of(job)}
        self._queue.publish([Message(_dumped(plain), str(job.id), job.queue)])

    def done(self, job: Job) -> None:
        """Acknowledge the job's message: what followed from it is written and published."""
        delivery, _ = self._in_hand.pop(str(job.id))
        self._brought[str(job.id)] = job.revision
        self._brought.move_to_end(str(job.id))
        if len(self._brought) > REMEMBERED:
            self._brought.popitem(last=False)
        self._acknowledge(delivery)

    def home_of(self, job: Job) -> str:
        """Return the queue where the job's steps wait that name none."""
        return self._in_hand[str(job.id)][1]

    def _acknowledge(self, delivery: Delivery) -> None:
        try:
            self._queue.acknowledge([delivery])
        except BackendUnavailable as exc:
            log.warning("A message stays in the queue and will come again: %s", exc)

    # --- reading a message ----------------------------------------------------------------------

    def _read(self, delivery: Delivery) -> Job | None:
        try:
            job, home = self._understand(delivery)
        except NotAJob as exc:
            self._bury(delivery, str(exc))
            return None
        if job.revision < self._brought.get(str(job.id), 0):
            log.warning("Job %s came again as it was before its step; it is dropped.", job.id)
            self._acknowledge(delivery)
            return None
        if delivery.given_up is not None:
            self._give_up(job, delivery, delivery.given_up)
            return None
        self._in_hand[str(job.id)] = delivery, home
        return job

    def _understand(self, delivery: Delivery) -> tuple[Job, str]:
        plain = self._parsed(delivery.body)
        ticket = Ticket.from_object(plain)
        if ticket is not None:
            raise NotAJob(
                f'It is a ticket of job "{ticket.job_id}", which is kept in a state store that '
                "this worker was not given. Serve this queue with that store."
            )
        try:
            job = self._wanted.job_type.model_validate(plain)
            if job.id is None:
                job.id = _identity(delivery)
            job.id = checked_id(str(job.id))
            record_from_job(job, 0.0, self._wanted.limits)
        except pydantic.ValidationError as exc:
            first = exc.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "message"
            raise NotAJob(f"The message is no job: {where}: {first['msg']}.") from exc
        except PayloadError as exc:
            raise NotAJob(str(exc)) from exc
        if job.created_at is None:
            self._adopt(job, plain, delivery.queue)
        return job, str(plain.get("home_queue") or job.queue)

    def _parsed(self, body: bytes) -> dict[str, Any]:
        limits = self._wanted.limits
        whole = Limits(limits.max_bytes * VALUES, limits.max_depth + 1)
        try:
            plain = json.loads(checked(body.decode(), whole, "The message"))
        except UnicodeDecodeError as exc:
            raise NotAJob(f"The message is not UTF-8 text: {exc.reason}.") from exc
        except PayloadError as exc:
            raise NotAJob(str(exc)) from exc
        if not isinstance(plain, dict) or not ("workflow_name" in plain or "v" in plain):
            raise NotAJob("The message is JSON, but no object with a workflow_name.")
        return plain

    def _adopt(self, job: Job, plain: dict[str, Any], queue: str) -> None:
        """Take in a job that was not handed in by Ergate."""
        if self._wanted.registry is not None:
            try:
                self._wanted.registry.get(job.workflow_name)
            except UnknownWorkflowError as exc:
                raise NotAJob(str(exc)) from exc
        job.queue = str(plain.get("queue", queue))
        job.created_at = datetime.now(UTC)

    # --- what becomes of the others -------------------------------------------------------------

    def _bury(self, delivery: Delivery, reason: str) -> None:
        letter = DeadLetter(
            id=_identity(delivery), queue=delivery.queue, body=delivery.body, reason=reason, at=0.0
        )
        self._store.bury([letter])
        log.warning("A message became a dead letter. %s See `ergate queues dead list`.", reason)
        self._acknowledge(delivery)

    def _give_up(self, job: Job, delivery: Delivery, reason: str) -> None:
        """Fail a job of which the server says that its step always ends the worker."""
        job.status, job.finished_at = JobStatus.FAILED, datetime.now(UTC)
        job.updated_at, job.worker_id = job.finished_at, None
        job.error = JobError(type="WorkerDied", message=reason, step_name=job.step_name)
        self._store.update(job)
        log.warning("Job %s failed: %s", job.id, reason)
        self._acknowledge(delivery)


def _identity(delivery: Delivery) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.queue}:{delivery.identity}"))


def _dumped(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
