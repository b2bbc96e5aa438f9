"""What every random story has: a store, its reference, and what is known of both so far."""

from __future__ import annotations

from hypothesis.stateful import RuleBasedStateMachine

from ergate.contracts.state_store import StateStore
from ergate.jobs.events import Claim
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.clock import FakeClock
from ergate.testing.conformance.moves import assert_same
from ergate.testing.reference import Reference, ticket_of


class Story(RuleBasedStateMachine):
    """One store and one reference that go through the same acts."""

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

    # --- choosing ---------------------------------------------------------------------------------

    def job_of(self, number: int) -> JobRecord:
        """Return one of the jobs."""
        return list(self.reference.jobs.values())[number % len(self.reference.jobs)]

    def held(self) -> list[JobRecord]:
        """Return the jobs that a worker holds."""
        jobs = self.reference.jobs.values()
        return [record for record in jobs if record.status is JobStatus.RUNNING]

    def outlived(self) -> list[JobRecord]:
        """Return earlier claims of jobs that are held by a later one."""
        held = {record.id: record.revision for record in self.held()}
        return [old for old in self.claims if old.revision < held.get(old.id, 0)]

    # --- acts that others are made of -------------------------------------------------------------

    def claim_tickets(self, tickets: list[Ticket], worker_id: str) -> None:
        """Claim by these tickets; each must give what the reference says, or nothing."""
        claimed = {record.id: record for record in self.store.claim(tickets, worker_id)}
        for ticket in tickets:
            event = Claim(worker_id, ticket.revision)
            after = self.reference.play(ticket.job_id, event, self.clock.now())
            if isinstance(after, JobRecord):
                assert_same(claimed.pop(after.id), after)
                self.claims.append(after)
        assert claimed == {}

    def collect_tickets(self) -> None:
        """Remember a ticket of each job that is runnable now."""
        self.tickets += [ticket_of(record) for record in self.reference.ready()]
