"""Jobs that depart, come back, are forgotten, and arrive once more."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.contracts.capabilities import Capability
from ergate.contracts.moving import Traveller
from ergate.jobs.events import Arrived, Departed
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.choices import ALL, numbers
from ergate.testing.conformance.moves import assert_same
from ergate.testing.conformance.travellers import ELSEWHERE, assert_same_travellers
from ergate.testing.reference import ticket_of
from ergate.testing.stories.story import Story

WAITS = (JobStatus.QUEUED, JobStatus.SCHEDULED)


class Moving(Story):
    """What goes to another store, and what comes from there."""

    def __init__(self) -> None:
        super().__init__()
        self.away: list[Traveller] = []
        """Jobs that were forgotten here; they may arrive any number of times."""

    @precondition(lambda self: Capability.MOVE in self.store.capabilities)
    @rule(limit=st.integers(min_value=1, max_value=3))
    def depart(self, limit: int) -> None:
        jobs = self.reference.jobs.values()
        waiting = {job.id: job.status for job in jobs if job.status in WAITS}
        ready = sum(status is JobStatus.QUEUED for status in waiting.values())
        gone = list(self.store.depart(limit, ELSEWHERE))
        assert len({one.job.id for one in gone}) == len(gone) == min(limit, len(waiting))
        were = [waiting[one.job.id] for one in gone]
        assert were[:ready] == [JobStatus.QUEUED] * min(limit, ready)
        for one in gone:
            self.reference.play(one.job.id, Departed(ELSEWHERE), self.clock.now())
            assert_same_travellers(one, self._on_its_way(one.job.id))

    @precondition(lambda self: self._pending())
    @rule()
    def list_what_departed(self) -> None:
        found = list(self.store.departed(ALL))
        assert {one.job.id for one in found} == {job.id for job in self._pending()}
        for one in found:
            assert_same_travellers(one, self._on_its_way(one.job.id))

    @precondition(lambda self: self._pending())
    @rule(number=numbers)
    def come_back(self, number: int) -> None:
        """Another store would not have it."""
        job = self._pending()[number % len(self._pending())]
        admitted = self.store.admit([self._on_its_way(job.id)])
        after = self.reference.play(job.id, Arrived(), self.clock.now())
        assert isinstance(after, JobRecord), after
        waits = after.status is JobStatus.QUEUED
        assert list(admitted.ready) == ([ticket_of(after)] if waits else [])
        assert list(admitted.kept_out) == []
        self.tickets += admitted.ready

    @precondition(lambda self: self._pending())
    @rule(number=numbers, late=st.booleans())
    def forget(self, number: int, late: bool) -> None:  # noqa: FBT001
        """Whoever is late names a revision that has passed."""
        job = self._pending()[number % len(self._pending())]
        assert self.store.dismiss({job.id: job.revision - late}) == (not late)
        if not late:
            self.away.append(self._on_its_way(job.id))
            self.reference.forget(job.id)
            assert self.store.get(job.id) is None
            assert list(self.store.history(job.id)) == []

    @precondition(lambda self: self.away)
    @rule(number=numbers)
    def arrive(self, number: int) -> None:
        """Some have arrived before, and have gone on since."""
        one = self.away[number % len(self.away)]
        here = self.reference.jobs.get(one.job.id)
        admitted = self.store.admit([one])
        self.tickets += admitted.ready
        assert list(admitted.kept_out) == []
        if here is not None and not self._is_older(here, one):
            assert list(admitted.ready) == []
            return
        arrived = one.arrived(self.clock.now())
        self.reference.admit(arrived, self.clock.now())
        assert_same(arrived.job, self._stored(one.job.id))

    def _is_older(self, here: JobRecord, one: Traveller) -> bool:
        return here.status is JobStatus.PENDING and here.revision <= one.job.revision

    def _stored(self, job_id: str) -> JobRecord:
        found = self.store.get(job_id)
        assert found is not None
        return found

    def _on_its_way(self, job_id: str) -> Traveller:
        """Return what the reference says of a PENDING job."""
        return Traveller(self.reference.jobs[job_id], tuple(self.reference.rows[job_id]))

    def _pending(self) -> list[JobRecord]:
        jobs = self.reference.jobs.values()
        return [job for job in jobs if job.status is JobStatus.PENDING]
