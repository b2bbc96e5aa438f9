"""Outcomes of steps: on time, late, twice, and of jobs that somebody else holds."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.jobs.events import Outcome, Released, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.choices import MOVES, numbers, pairs, workers
from ergate.testing.reference import ticket_of
from ergate.testing.stories.story import Story


class Settling(Story):
    """What workers say about the jobs that they hold, held or never had."""

    @precondition(lambda self: self.claims)
    @rule(chosen=pairs)
    def settle_any_claim(self, chosen: list[tuple[int, Outcome]]) -> None:
        """Most are late: the job ended, was recovered, or is in the hands of another worker."""
        self._settle([(self.claims[n % len(self.claims)], outcome) for n, outcome in chosen])

    @precondition(lambda self: self.held())
    @rule(chosen=pairs)
    def settle_what_is_held(self, chosen: list[tuple[int, Outcome]]) -> None:
        held = self.held()
        self._settle([(held[number % len(held)], outcome) for number, outcome in chosen])

    @precondition(lambda self: self.held())
    @rule(number=numbers, thief=workers, outcome=st.sampled_from(MOVES))
    def settle_what_another_holds(self, number: int, thief: str, outcome: Outcome) -> None:
        held = self.held()
        record = held[number % len(held)]
        settlement = Settlement(record.id, thief, record.revision, outcome)
        self._write([settlement])

    @precondition(lambda self: self.held())
    @rule(number=numbers)
    def release_and_claim_again(self, number: int) -> None:
        """Only the revision tells the two claims of one worker apart."""
        held = self.held()
        record = held[number % len(held)]
        self._settle([(record, Released())])
        if self.reference.jobs[record.id].status is JobStatus.QUEUED:
            self.claim_tickets([ticket_of(self.reference.jobs[record.id])], record.worker_id or "")

    @precondition(lambda self: self.outlived())
    @rule(number=numbers, outcome=st.sampled_from(MOVES))
    def settle_an_earlier_claim_of_what_is_held(self, number: int, outcome: Outcome) -> None:
        outlived = self.outlived()
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
