"""Jobs on their way from one state store to another."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import unsupported
from ergate.jobs.events import Arrived
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import apply, history_of


@dataclass(frozen=True, slots=True)
class Traveller:
    """A PENDING job with its whole history, as the store that it leaves keeps them."""

    job: JobRecord
    history: Sequence[HistoryRow]
    """By revision; the last row is that of the departure."""

    @property
    def destination(self) -> str | None:
        """Where the job departed to, as the history says."""
        return self.history[-1].detail if self.history else None

    def arrived(self, now: float) -> Traveller:
        """Return the PENDING job as the store that takes it in at time `now` must keep it."""
        after = apply(self.job, Arrived(), now)
        assert isinstance(after, JobRecord), "only what departed can arrive"
        row = history_of(self.job, Arrived(), after)
        assert row is not None, "an arrival has a history row"
        return Traveller(after, (*self.history, row))


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of travellers at a store."""

    ready: Sequence[Ticket] = ()
    """The jobs that this call stored and that are runnable now."""
    kept_out: Sequence[str] = ()
    """The ids under which the store has other jobs, which it keeps."""


class Movable(ABC):  # noqa: B024  a store that does not declare `MOVE` has none of it
    """What a state store can do for jobs that move. All of it needs `Capability.MOVE`."""

    def depart(self, limit: int, destination: str) -> Sequence[Traveller]:
        """Let up to `limit` jobs that wait go: they become PENDING, and are returned.

        Those that are ready come first, each queue in the order in which it would be claimed;
        then those that are scheduled, the first due one first. An empty answer means that nothing
        waits, apart from what others change at this moment.
        """
        raise unsupported(self, Capability.MOVE)

    def departed(self, limit: int, *, offset: int = 0) -> Sequence[Traveller]:
        """Return the jobs that are PENDING, the first to depart first.

        May read all jobs, as nothing lists these: they are there only while jobs move.
        """
        raise unsupported(self, Capability.MOVE)

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        """Take in jobs of another store with their history, all or none: each has `Arrived`.

        One that arrived before stays as it is now, whatever became of it: the same id and the
        same time of creation tell. One that is PENDING here at a lower revision left from here
        and comes back: it is overwritten. An id under which there is any other job is kept out.
        """
        raise unsupported(self, Capability.MOVE)

    def dismiss(self, departed: Mapping[str, int]) -> int:
        """Delete PENDING jobs, id to revision, with their history; return how many it were.

        One that is at another revision stays: it has come back.
        """
        raise unsupported(self, Capability.MOVE)
