"""What people ask for: cancelling, running again, and taking away."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.contracts.state_store import JobFilter
from ergate.errors import UsageError
from ergate.jobs.events import CancelAsked, RestartAsked
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.transitions import Rejection
from ergate.testing.choices import AGAIN, ALL, numbers
from ergate.testing.conformance.moves import assert_same
from ergate.testing.stories.story import Story


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

    def _order(self, record: JobRecord, event: CancelAsked | RestartAsked) -> None:
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

    def _ask(self, job_id: str, event: CancelAsked | RestartAsked) -> JobRecord | None:
        if isinstance(event, CancelAsked):
            return self.store.cancel(job_id)
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
