"""The ready list: one row for each QUEUED job, in the order in which jobs are claimed."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import merge

from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket

Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class ReadyRow:
    """One job that any worker of its queue may claim."""

    ticket: Ticket
    key: Key
    """`(-priority, position, job id)`: the smallest is claimed first."""
    ready_at: float
    alone: bool
    published_at: float | None = None


class ReadyList:
    """Rows by job id, and one sorted list of keys per queue; not thread-safe by itself."""

    def __init__(self) -> None:
        self._rows: dict[str, ReadyRow] = {}
        self._keys: dict[str, list[Key]] = {}
        self._last_position = 0

    def add(self, record: JobRecord, now: float) -> Ticket:
        """Append a QUEUED job behind all others of its priority; return its ticket."""
        self._last_position += 1
        key = (-record.priority, self._last_position, record.id)
        ticket = Ticket(record.id, record.revision, record.queue)
        self._rows[record.id] = ReadyRow(ticket, key, now, record.alone)
        insort(self._keys.setdefault(record.queue, []), key)
        return ticket

    def remove(self, job_id: str) -> None:
        """Take a job off the list, if it is there."""
        row = self._rows.pop(job_id, None)
        if row is None:
            return
        keys = self._keys[row.ticket.queue]
        del keys[bisect_left(keys, row.key)]
        if not keys:
            del self._keys[row.ticket.queue]

    def next_in(self, queues: Iterable[str], limit: int) -> list[Ticket]:
        """Return up to `limit` tickets in order: one that must run alone, or several that need not.

        The list ends before the first job that must run alone, so that nothing overtakes it.
        """
        tickets: list[Ticket] = []
        for row in self.in_order(queues):
            if len(tickets) >= limit or (row.alone and tickets):
                break
            tickets.append(row.ticket)
            if row.alone:
                break
        return tickets

    def in_order(self, queues: Iterable[str] | None = None) -> Iterator[ReadyRow]:
        """Yield the rows of `queues` (None: of all) as they would be claimed."""
        names = self._keys if queues is None else set(queues)
        for _, _, job_id in merge(*(self._keys.get(name, ()) for name in names)):
            yield self._rows[job_id]

    def has_any(self, queues: Iterable[str]) -> bool:
        """Return whether a job waits in one of `queues`."""
        return any(queue in self._keys for queue in queues)

    def note_published(self, ticket: Ticket, at: float | None) -> None:
        """Note when a queue confirmed `ticket`; a ticket of another revision changes nothing."""
        row = self._rows.get(ticket.job_id)
        if row is not None and row.ticket.revision == ticket.revision:
            self._rows[ticket.job_id] = replace(row, published_at=at)

    def ready_since(self, queue: str) -> list[float]:
        """Return when each job in `queue` became ready, in no order."""
        return [self._rows[job_id].ready_at for _, _, job_id in self._keys.get(queue, ())]
