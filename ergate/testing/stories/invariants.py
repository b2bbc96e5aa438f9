"""What must be true after each act, whatever it was."""

from __future__ import annotations

from hypothesis.stateful import invariant

from ergate.contracts.state_store import JobFilter
from ergate.testing.choices import ALL
from ergate.testing.conformance.moves import assert_same
from ergate.testing.stories.story import Story


class Invariants(Story):
    """The store is compared with the reference."""

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
