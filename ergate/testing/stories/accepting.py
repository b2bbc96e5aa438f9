"""Jobs that are handed in, and claimed from the list or by their tickets."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.jobs.events import Claim
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.choices import numbers, queues, workers
from ergate.testing.conformance.moves import assert_same, job
from ergate.testing.reference import ticket_of
from ergate.testing.stories.story import Story


class Accepting(Story):
    """What brings jobs in, and into the hands of workers."""

    @rule(
        queue=st.sampled_from(["a", "b"]),
        priority=st.integers(min_value=-1, max_value=1),
        wait_s=st.sampled_from([None, 5.0]),
    )
    def submit(self, queue: str, priority: int, wait_s: float | None) -> None:
        now = self.clock.now()
        self.submitted += 1
        new = job(
            id=f"job-{self.submitted}",
            queue=queue,
            priority=priority,
            created_at=now,
            updated_at=now,
            status=JobStatus.QUEUED if wait_s is None else JobStatus.SCHEDULED,
            due_at=None if wait_s is None else now + wait_s,
        )
        tickets = list(self.store.submit([new]))
        self.reference.submit(new, now)
        assert tickets == ([ticket_of(new)] if wait_s is None else [])
        self.tickets += tickets

    @precondition(lambda self: self.reference.jobs)
    @rule(number=numbers)
    def submit_again(self, number: int) -> None:
        known = self.job_of(number)
        assert list(self.store.submit([job(id=known.id)], if_absent=True)) == []

    @rule(worker_id=workers, names=queues, limit=st.integers(min_value=1, max_value=3))
    def claim_ready(self, worker_id: str, names: list[str], limit: int) -> None:
        ranks = [self.reference.rank(record) for record in self.reference.ready(names)]
        claimed = list(self.store.claim_ready(names, limit, worker_id))
        taken = [self.reference.rank(record) for record in claimed]
        assert taken[:1] == ranks[:1]
        assert taken == sorted(taken)
        assert len({record.id for record in claimed}) == len(claimed) <= limit
        assert [c.alone for c in claimed] in ([True], [False] * len(claimed))
        for record in claimed:
            revision = record.revision - 1
            after = self.reference.play(record.id, Claim(worker_id, revision), self.clock.now())
            assert isinstance(after, JobRecord), after
            assert_same(record, after)
        self.claims += claimed

    @precondition(lambda self: self.tickets)
    @rule(worker_id=workers, chosen=st.lists(numbers, min_size=1, max_size=3))
    def claim_by_ticket(self, worker_id: str, chosen: list[int]) -> None:
        self.claim_tickets(
            [self.tickets[number % len(self.tickets)] for number in chosen], worker_id
        )
