"""Drives a real state store and the reference side by side, and compares them after each act.

Machine = state_machine_for(lambda clock: MyStore(clock))
TestMyStore = Machine.TestCase
"""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ergate.contracts.state_store import JobFilter, StateStore
from ergate.errors import UsageError
from ergate.jobs.events import (
    CameDue,
    CancelAsked,
    Claim,
    Outcome,
    Released,
    RestartAsked,
    Settlement,
    WorkerDied,
)
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, apply
from ergate.testing.choices import (
    AGAIN,
    ALL,
    LEASE_S,
    MOVES,
    POLICY,
    numbers,
    pairs,
    queues,
    seconds,
    workers,
)
from ergate.testing.clock import FakeClock
from ergate.testing.conformance.moves import assert_same, job, worker
from ergate.testing.reference import Reference, ticket_of

MakeStore = Callable[[FakeClock], StateStore]

EXAMPLES_VARIABLE = "ERGATE_TEST_EXAMPLES"
"""The environment variable that says how many random stories are told (default: 50)."""

STEPS = 40


def state_machine_for(make_store: MakeStore, *, examples: int | None = None) -> type[StoreMachine]:
    """Return a hypothesis state machine for the stores that `make_store` opens.

    `make_store` gets the clock to use, and returns a fresh, migrated store; it is closed after
    each story. `examples` is how many stories are told; the default comes from the environment
    variable ERGATE_TEST_EXAMPLES. The result's `TestCase` is what pytest collects.
    """

    class Machine(StoreMachine):
        def open_store(self, clock: FakeClock) -> StateStore:
            return make_store(clock)

    Machine.TestCase.settings = settings(
        max_examples=examples or int(os.environ.get(EXAMPLES_VARIABLE, "50")),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    return Machine


class StoreMachine(RuleBasedStateMachine):
    """All that can happen to a few jobs, in any order."""

    def open_store(self, clock: FakeClock) -> StateStore:
        """Return the store that this story is about."""
        raise NotImplementedError("Use state_machine_for().")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.store = self.open_store(self.clock)
        self.reference = Reference()
        self.claims: list[JobRecord] = []
        self.tickets: list[Ticket] = []
        self.submitted = 0

    def teardown(self) -> None:
        self.store.close()

    # --- accepting and claiming -------------------------------------------------------------------

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
        known = self._job(number)
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
        self._claim([self.tickets[number % len(self.tickets)] for number in chosen], worker_id)

    def _claim(self, tickets: list[Ticket], worker_id: str) -> None:
        claimed = {record.id: record for record in self.store.claim(tickets, worker_id)}
        for ticket in tickets:
            event = Claim(worker_id, ticket.revision)
            after = self.reference.play(ticket.job_id, event, self.clock.now())
            if isinstance(after, JobRecord):
                assert_same(claimed.pop(after.id), after)
                self.claims.append(after)
        assert claimed == {}

    # --- settling ---------------------------------------------------------------------------------

    @precondition(lambda self: self.claims)
    @rule(chosen=pairs)
    def settle_any_claim(self, chosen: list[tuple[int, Outcome]]) -> None:
        """Most are late: the job ended, was recovered, or is in the hands of another worker."""
        self._settle([(self.claims[n % len(self.claims)], outcome) for n, outcome in chosen])

    @precondition(lambda self: self._held())
    @rule(chosen=pairs)
    def settle_what_is_held(self, chosen: list[tuple[int, Outcome]]) -> None:
        held = self._held()
        self._settle([(held[number % len(held)], outcome) for number, outcome in chosen])

    @precondition(lambda self: self._held())
    @rule(number=numbers, thief=workers, outcome=st.sampled_from(MOVES))
    def settle_what_another_holds(self, number: int, thief: str, outcome: Outcome) -> None:
        held = self._held()
        record = held[number % len(held)]
        settlement = Settlement(record.id, thief, record.revision, outcome)
        self._write([settlement])

    @precondition(lambda self: self._held())
    @rule(number=numbers)
    def release_and_claim_again(self, number: int) -> None:
        """Only the revision tells the two claims of one worker apart."""
        held = self._held()
        record = held[number % len(held)]
        self._settle([(record, Released())])
        if self.reference.jobs[record.id].status is JobStatus.QUEUED:
            self._claim([ticket_of(self.reference.jobs[record.id])], record.worker_id or "")

    @precondition(lambda self: self._outlived())
    @rule(number=numbers, outcome=st.sampled_from(MOVES))
    def settle_an_earlier_claim_of_what_is_held(self, number: int, outcome: Outcome) -> None:
        outlived = self._outlived()
        self._settle([(outlived[number % len(outlived)], outcome)])

    def _settle(self, chosen: list[tuple[JobRecord, Outcome]]) -> None:
        # Which of two outcomes of one claim in one batch wins is the store's to choose.
        unique = {(record.id, record.revision): (record, o) for record, o in chosen}
        self._write(
            [Settlement(r.id, r.worker_id or "", r.revision, o) for r, o in unique.values()]
        )

    def _write(self, batch: list[Settlement]) -> None:
        expected = self.reference.settle(batch, self.clock.now())
        actual = self.store.settle(batch)
        assert sorted(actual.refused, key=repr) == sorted(expected.refused, key=repr)
        assert set(actual.ready) == set(expected.ready)
        assert dict(actual.statuses) == dict(expected.statuses)
        self.tickets += actual.ready

    # --- the outbox -------------------------------------------------------------------------------

    @precondition(lambda self: self.tickets)
    @rule(chosen=st.lists(numbers, min_size=1, max_size=3))
    def confirm_any_ticket(self, chosen: list[int]) -> None:
        """Some are of earlier revisions: a relay may be slow."""
        tickets = [self.tickets[number % len(self.tickets)] for number in chosen]
        self.store.published(tickets)
        live = {(t.job_id, t.revision): t for t in map(ticket_of, self.reference.ready())}
        for ticket in tickets:
            if found := live.get((ticket.job_id, ticket.revision)):
                self.reference.published[found] = self.clock.now()

    @rule(older_than_s=seconds)
    def publish_again_what_nobody_claimed(self, older_than_s: float) -> None:
        latest = self.clock.now() - older_than_s
        live = {ticket_of(record) for record in self.reference.ready()}
        marked = self.reference.published
        old = [t for t, at in marked.items() if t in live and at <= latest]
        assert self.store.republish(older_than_s, ALL) == len(old)
        for ticket in old:
            del marked[ticket]

    # --- time, life and death ---------------------------------------------------------------------

    @rule(passed=seconds)
    def time_passes(self, passed: float) -> None:
        self.clock.advance(passed)

    @rule(worker_id=workers)
    def heartbeat(self, worker_id: str) -> None:
        now = self.clock.now()
        was_live = self.reference.leases.get(worker_id, 0.0) > now
        lost = list(self.store.heartbeat([worker(worker_id)], LEASE_S))
        assert lost == ([] if was_live else [worker_id])
        self.reference.leases[worker_id] = now + LEASE_S

    @rule(worker_id=workers)
    def retire(self, worker_id: str) -> None:
        self.store.retire(worker_id)
        self.reference.leases.pop(worker_id, None)

    @rule(worker_id=workers, chosen=st.sets(numbers, max_size=4), blame=st.booleans())
    def recover(self, worker_id: str, chosen: set[int], blame: bool) -> None:  # noqa: FBT001
        """Some marks are of earlier claims, as those in a slot's shared memory may be."""
        held = [j for j in self._held() if j.worker_id == worker_id]
        known = [self.claims[n % len(self.claims)] for n in chosen if self.claims]
        known += [held[n % len(held)] for n in chosen if held]
        started = {record.id: record.revision for record in known}
        failed = 0
        for record in held:
            counts = blame and started.get(record.id) == record.revision
            event = WorkerDied(worker_id, counts, "killed", POLICY)
            failed += self._fails(record.id, event)
        swept = self.store.recover(worker_id, started, blame=blame, reason="killed", policy=POLICY)
        assert (swept.recovered, swept.failed) == (len(held) - failed, failed)
        self.reference.leases.pop(worker_id, None)
        self._collect_tickets()

    @rule(dead=st.sets(workers, max_size=1))
    def sweep(self, dead: set[str]) -> None:
        now = self.clock.now()
        waiting = self.reference.jobs.values()
        due = [j for j in waiting if isinstance(apply(j, CameDue(), now), JobRecord)]
        orphans = self.reference.orphans(now, sorted(dead))
        swept = self.store.sweep(POLICY, limit=ALL, dead_workers=sorted(dead))
        for record in sorted(due, key=lambda j: j.due_at or 0.0):
            self.reference.play(record.id, CameDue(), now)
        failed = 0
        for record in orphans:
            # The store words the reason; everything else follows from it.
            reason = self.store.history(record.id)[-1].detail or ""
            event = WorkerDied(record.worker_id or "", None, reason, POLICY)
            failed += self._fails(record.id, event)
        seen = (swept.due, swept.recovered, swept.failed)
        assert seen == (len(due), len(orphans) - failed, failed)
        for worker_id in dead:
            self.reference.leases.pop(worker_id, None)
        self._collect_tickets()

    def _fails(self, job_id: str, event: WorkerDied) -> bool:
        after = self.reference.play(job_id, event, self.clock.now())
        assert isinstance(after, JobRecord), after
        return after.status is JobStatus.FAILED

    # --- people -----------------------------------------------------------------------------------

    @precondition(lambda self: self.reference.jobs)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        self._order(self._job(number), CancelAsked())

    @precondition(lambda self: self.reference.jobs)
    @rule(number=numbers)
    def restart(self, number: int) -> None:
        ended = [j for j in self.reference.jobs.values() if j.status.is_final]
        chosen = ended[number % len(ended)] if ended else self._job(number)
        self._order(chosen, AGAIN)

    @precondition(lambda self: self._held())
    @rule(number=numbers)
    def restart_what_is_held(self, number: int) -> None:
        held = self._held()
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
        self._collect_tickets()

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

    # --- what must always be true -----------------------------------------------------------------

    @invariant()
    def every_job_is_where_the_reference_says(self) -> None:
        for job_id, expected in self.reference.jobs.items():
            actual = self.store.get(job_id)
            assert actual is not None
            assert_same(actual, expected)
        assert sum(self.store.count(JobFilter()).values()) == len(self.reference.jobs)

    @invariant()
    def the_history_is_whole(self) -> None:
        for job_id, expected in self.reference.rows.items():
            rows = self.store.history(job_id)
            for row, row_expected in zip(rows, expected, strict=True):
                assert_same(row, row_expected)
            revisions = [row.revision - (row.claimed_at is not None) for row in rows]
            assert revisions == [1, *(row.revision + 1 for row in rows[:-1])]
            expected_seq = 0
            for row in rows:
                if row.event == "restarted":
                    expected_seq = row.seq
                elif row.event == "applied":
                    assert row.seq == expected_seq
                    expected_seq += 1

    @invariant()
    def the_outbox_holds_what_is_not_published(self) -> None:
        expected = self.reference.unpublished(self.clock.now(), 0.0)
        assert set(self.store.unpublished(ALL, 0.0)) == expected

    @invariant()
    def the_ready_list_holds_the_queued_jobs(self) -> None:
        ready = {stats.queue: stats.ready for stats in self.store.queues() if stats.ready}
        queued = [record.queue for record in self.reference.ready()]
        assert ready == {queue: queued.count(queue) for queue in set(queued)}

    # --- choosing ---------------------------------------------------------------------------------

    def _job(self, number: int) -> JobRecord:
        return list(self.reference.jobs.values())[number % len(self.reference.jobs)]

    def _held(self) -> list[JobRecord]:
        jobs = self.reference.jobs.values()
        return [record for record in jobs if record.status is JobStatus.RUNNING]

    def _outlived(self) -> list[JobRecord]:
        held = {record.id: record.revision for record in self._held()}
        return [old for old in self.claims if old.revision < held.get(old.id, 0)]

    def _collect_tickets(self) -> None:
        self.tickets += [ticket_of(record) for record in self.reference.ready()]
