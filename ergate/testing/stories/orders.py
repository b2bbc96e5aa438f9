"""What people ask for: cancelling, running again, and taking away."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.contracts.state_store import JobFilter
from ergate.errors import UsageError
from ergate.jobs.events import CancelAsked, Delivered, Postponed, RestartAsked
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection
from ergate.testing.choices import AGAIN, ALL, numbers, seconds
from ergate.testing.conformance.moves import assert_same
from ergate.testing.stories.story import Story

Order = CancelAsked | RestartAsked | Delivered | Postponed


class Orders(Story):
    """What people do to jobs."""

    @precondition(lambda self: self.reference.jobs)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        self._order(self.job_of(number), CancelAsked())

    @precondition(lambda self: self.reference.jobs)
    @rule(number=numbers)
    def restart(self, number: int) -> None:
        ended = [j for j in self.reference.jobs.values() if j.status.is_final]
        chosen = ended[number % len(ended)] if ended else self.job_of(number)
        self._order(chosen, AGAIN)

    @precondition(lambda self: self.held())
    @rule(number=numbers)
    def restart_what_is_held(self, number: int) -> None:
        held = self.held()
        self._order(held[number % len(held)], AGAIN)

    @precondition(lambda self: self._listeners())
    @rule(number=numbers, early=st.sampled_from([0, 0, 0, 1, -1]), wait_s=st.none() | seconds)
    def something_comes_from_outside(self, number: int, early: int, wait_s: float | None) -> None:
        """One rule for all of it: each further one makes every other story rarer."""
        groups = self._listeners()
        group = groups[number % len(groups)]
        record = group[number // len(groups) % len(group)]
        if wait_s is None:
            self._order(record, Delivered(record.seq + early, f'{{"delivered":{number}}}'))
        else:
            self._order(record, Postponed(record.seq + early, self.clock.now() + wait_s))

    def _listeners(self) -> list[list[JobRecord]]:
        """Return the jobs that wait, those that wait to try again, and those that are held."""
        waiting = [j for j in self.reference.jobs.values() if j.status is JobStatus.SCHEDULED]
        tried = [j for j in waiting if j.attempt or j.deliveries or j.unroutable]
        return [group for group in (waiting, tried, self.held()) if group]

    def _order(self, record: JobRecord, event: Order) -> None:
        expected = self.reference.play(record.id, event, self.clock.now())
        try:
            actual = self._ask(record.id, event)
        except UsageError:
            actual = None
        if actual is None or isinstance(expected, Rejection):
            assert (actual is None) == isinstance(expected, Rejection), expected
        else:
            assert_same(actual, expected)
        self.collect_tickets()

    def _ask(self, job_id: str, event: Order) -> JobRecord | None:
        if isinstance(event, CancelAsked):
            return self.store.cancel(job_id)
        if isinstance(event, Delivered | Postponed):
            return self.store.deliver(job_id, event)
        return self.store.restart(job_id, event)

    @rule(status=st.sampled_from([JobStatus.FAILED, JobStatus.CANCELLED]))
    def prune(self, status: JobStatus) -> None:
        old = [j.id for j in self.reference.jobs.values() if j.status is status]
        assert self.store.prune(JobFilter(status=status), limit=ALL) == len(old)
        for job_id in old:
            self.reference.forget(job_id)

    @rule(queue=st.sampled_from(["a", "b"]))
    def purge(self, queue: str) -> None:
        waits = (JobStatus.QUEUED, JobStatus.SCHEDULED)
        jobs = self.reference.jobs.values()
        waiting = [j.id for j in jobs if j.queue == queue and j.status in waits]
        assert self.store.purge(queue) == len(waiting)
        for job_id in waiting:
            self.reference.play(job_id, CancelAsked(), self.clock.now())
