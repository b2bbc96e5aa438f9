"""What a transaction promises that is lent to a step, or that a new job takes part in.

Declared with `Capability.TRANSACTIONAL_STEPS` by stores whose connection has `execute(sql)`, as
those of sqlite3 and psycopg have.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import StateStore
from ergate.errors import Unsupported, UsageError
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.testing.conformance.case import StoreCase
from ergate.testing.conformance.moves import (
    COMPLETED,
    WORKER,
    assert_same,
    job,
    running,
    settlement,
    stored,
    submitted,
)


class Changed(Exception):
    """The step changed its mind."""


class Transactions(StoreCase):
    """What a step writes and what becomes of its job are one act."""

    def test_a_store_lends_transactions_exactly_when_it_declares_so(
        self, store: StateStore
    ) -> None:
        if Capability.TRANSACTIONAL_STEPS in store.capabilities:
            with store.transaction() as transaction:
                assert _connection(transaction).execute("SELECT 1").fetchone()[0] == 1
        else:
            with pytest.raises(Unsupported, match="TRANSACTIONAL_STEPS"):
                store.transaction()

    def test_a_steps_writes_and_its_outcome_are_committed_together(self, store: StateStore) -> None:
        if not _lends(store):
            return
        held = running(store)
        with store.transaction() as transaction:
            _write(transaction, "kept")
            assert list(transaction.settle(settlement(held, COMPLETED)).refused) == []
        assert stored(store, held.id).status is JobStatus.COMPLETED
        assert _written(store) == ["kept"]

    def test_a_step_that_raises_leaves_neither_writes_nor_outcome(self, store: StateStore) -> None:
        if not _lends(store):
            return
        held = running(store)
        with suppress(Changed), store.transaction() as transaction:
            _write(transaction, "lost")
            transaction.settle(settlement(held, COMPLETED))
            raise Changed
        assert stored(store, held.id) == held
        assert _written(store) == []

    def test_the_outcome_of_a_claim_that_was_lost_is_refused(self, store: StateStore) -> None:
        if not _lends(store):
            return
        held = running(store)
        store.recover(WORKER, {}, blame=False, reason="dead", policy=RecoveryPolicy())
        back = stored(store, held.id)
        with suppress(Changed), store.transaction() as transaction:
            _write(transaction, "lost")
            late = settlement(held, COMPLETED)
            assert list(transaction.settle(late).refused) == [late]
            raise Changed
        assert stored(store, held.id) == back
        assert _written(store) == []

    # --- jobs in the caller's transaction ---------------------------------------------------------

    def test_a_job_can_be_submitted_within_a_transaction_exactly_when_declared(
        self, store: StateStore
    ) -> None:
        new = job()
        if not _takes_part(store):
            with pytest.raises(Unsupported, match="ENQUEUE_IN_TRANSACTION"):
                store.submit_within(object(), [new])
            return
        with store.transaction() as transaction:
            tickets = store.submit_within(transaction.connection, [new])
        assert list(tickets) == [Ticket(new.id, 1)]
        assert_same(stored(store, new.id), new)
        assert [record.id for record in store.claim_ready(["default"], 9, "w")] == [new.id]

    def test_a_job_whose_transaction_was_rolled_back_never_existed(self, store: StateStore) -> None:
        if not _takes_part(store):
            return
        new = job()
        with suppress(Changed), store.transaction() as transaction:
            store.submit_within(transaction.connection, [new])
            raise Changed
        assert (store.get(new.id), list(store.history(new.id))) == (None, [])
        assert list(store.claim_ready(["default"], 9, "w")) == []

    def test_a_job_is_seen_by_nobody_before_its_transaction_commits(
        self, store: StateStore, other: StateStore
    ) -> None:
        if not _takes_part(store):
            return
        new = job()
        with store.transaction() as transaction:
            store.submit_within(transaction.connection, [new])
            assert other.get(new.id) is None
        assert_same(stored(other, new.id), new)

    def test_within_a_transaction_an_existing_job_is_refused_or_left_as_it_is(
        self, store: StateStore
    ) -> None:
        if not _takes_part(store):
            return
        old = submitted(store)
        again = job(id=old.id, priority=9)
        with store.transaction() as transaction:
            within = transaction.connection
            assert list(store.submit_within(within, [again], if_absent=True)) == []
        with pytest.raises(UsageError, match=old.id), store.transaction() as transaction:
            store.submit_within(transaction.connection, [again])
        assert_same(stored(store, old.id), old)

    def test_a_connection_that_leads_elsewhere_is_refused(self, store: StateStore) -> None:
        with pytest.raises(UsageError):
            store.submit_within(object(), [job()])


def _takes_part(store: StateStore) -> bool:
    return _lends(store) and Capability.ENQUEUE_IN_TRANSACTION in store.capabilities


def _lends(store: StateStore) -> bool:
    return Capability.TRANSACTIONAL_STEPS in store.capabilities


def _connection(transaction: Any) -> Any:
    return transaction.connection


def _write(transaction: Any, note: str) -> None:
    connection = _connection(transaction)
    connection.execute("CREATE TABLE IF NOT EXISTS ergate_conformance (note TEXT)")
    connection.execute(f"INSERT INTO ergate_conformance VALUES ('{note}')")  # noqa: S608 - ours


def _written(store: StateStore) -> list[str]:
    with store.transaction() as transaction:
        connection = _connection(transaction)
        connection.execute("CREATE TABLE IF NOT EXISTS ergate_conformance (note TEXT)")
        rows = connection.execute("SELECT note FROM ergate_conformance").fetchall()
    return [note for (note,) in rows]
