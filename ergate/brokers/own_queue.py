"""A queue object of the user's own in front of a full state store."""

from __future__ import annotations

import json
import queue as queues
import threading
from collections.abc import Sequence
from typing import Any

from ergate.brokers.direct import QueueProtocol
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.contracts.state_store import StateStore
from ergate.jobs.job import Job, job_from_record
from ergate.jobs.ticket import Ticket


class OwnQueue(Queue):
    """Speaks to an object with `get_one` and `put`; jobs travel whole, and are read as tickets.

    Such a queue cannot acknowledge: what is lost with a worker is published again by the sweep.
    Its `get_one` blocks, so it is called from a thread of its own. What it raises is raised again
    by the next `receive`, and ends the worker.
    """

    def __init__(self, inner: QueueProtocol[Any], store: StateStore) -> None:
        self._inner = inner
        self._store = store
        self._arrived: queues.SimpleQueue[Delivery | BaseException | None] = queues.SimpleQueue()
        self._room = threading.Semaphore(0)
        self._fetcher: threading.Thread | None = None

    def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            ticket = Ticket.from_object(json.loads(message.body))
            record = self._store.get(message.key) if ticket else None
            if record is not None:
                self._inner.put(job_from_record(record, Job))

    def receive(self, queues_: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        if self._fetcher is None:
            self._fetcher = threading.Thread(target=self._fetch, name="get_one", daemon=True)
            self._fetcher.start()
            self._room.release()
        try:
            arrived = self._arrived.get(timeout=timeout_s)
        except queues.Empty:
            return []
        if isinstance(arrived, BaseException):
            raise arrived
        if arrived is None:
            return []
        self._room.release()
        return [arrived]

    def _fetch(self) -> None:
        while True:
            self._room.acquire()  # one job in hand at a time: it could not be given back
            try:
                self._arrived.put(_delivery(self._inner.get_one()))
            except BaseException as exc:  # noqa: BLE001 - raised again by `receive`
                self._arrived.put(exc)
                return

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing to do: `get_one` has removed the job already."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._inner.put(delivery.handle)

    def wake(self) -> None:
        self._arrived.put(None)

    def close(self) -> None:
        """Nothing to do: the object belongs to the user."""


def _delivery(job: Job) -> Delivery:
    if job.id is None:
        body = job.model_dump_json(exclude_defaults=True).encode()
        return Delivery(body=body, queue=job.queue, handle=job, identity=f"{id(job)}")
    ticket = Ticket(str(job.id), job.revision, job.queue)
    return Delivery(body=ticket.to_bytes(), queue=job.queue, handle=job, identity=str(job.id))
