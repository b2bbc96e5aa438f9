"""Transactions that are lent to steps, each on a connection that nothing else uses meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ergate.contracts.state_store import Settled, StepTransaction
from ergate.errors import BackendUnavailable, UsageError
from ergate.jobs.events import Settlement
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import STEP_ANSWER_S, Connection, connect_for_steps
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.settling import settle_on
from ergate_backends.postgres.target import Target

MOST = 1000
"""How many steps of one process may have a transaction at once: more than it has slots."""


class PostgresTransaction(StepTransaction):
    """Lets the step write; its outcome comes last."""

    connection: Connection

    def __init__(self, acts: Acts, connection: Connection) -> None:
        self.connection = connection
        self.settled = Settled()
        self._acts = acts

    def settle(self, settlement: Settlement) -> Settled:
        self.take_back()
        _refuse_what_ended(self.connection)
        self.settled = settle_on(self._acts, self.connection, [settlement])
        return self.settled

    def take_back(self) -> None:
        """Let the connection give rows as it did before."""
        self.connection.row_factory = tuple_row
        self.connection.prepare_threshold = None


class Lender:
    """Keeps connections for steps, apart from those of the store itself.

    A step may take long and ask anything, so that these have neither time limits nor our
    preferences for the planner.
    """

    def __init__(self, acts: Acts, target: Target) -> None:
        self._acts = acts
        self._target = target
        self._pool = Pool(target, MOST, connect_for_steps)

    @contextmanager
    def lend(self) -> Iterator[PostgresTransaction]:
        """Open a transaction; it commits when the block ends and rolls back when it raises."""
        with self._pool.use(STEP_ANSWER_S) as connection:
            transaction = PostgresTransaction(self._acts, connection)
            try:
                with connection.transaction():
                    yield transaction
            except BaseException as exc:
                if connection.broken:  # whatever the step made of it, the server went away
                    what = f"Postgres at {self._target.label} went away during a transaction."
                    raise BackendUnavailable(what) from exc
                raise
            finally:
                transaction.take_back()

    def close(self) -> None:
        """Let go of every connection that no step has."""
        self._pool.close()


def _refuse_what_ended(connection: Connection) -> None:
    status = connection.info.transaction_status
    if status is TransactionStatus.INERROR:
        raise UsageError(
            "The step swallowed an error of Postgres, which undid all that it wrote. "
            "Let it raise, or put what may fail into `with connection.transaction():`."
        )
    if status is TransactionStatus.IDLE:
        raise UsageError(
            "The step ended the transaction that its outcome belongs to. It must neither COMMIT "
            "nor ROLLBACK."
        )
