"""What a transaction promises that is lent to a step.

Declared with `Capability.TRANSACTIONAL_STEPS` by stores whose connection has `execute(sql)`, as
those of sqlite3 and psycopg have.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.state_store import StateStore
from ergate.errors import Unsupported
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.case import StoreCase
from ergate.testing.conformance.moves import COMPLETED, WORKER, running, settlement, stored


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
