"""New jobs: stored all or none, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from ergate.errors import BackendUnavailable, UsageError
from ergate.jobs.record import JobRecord
from ergate.jobs.ticket import Ticket
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.errors import translated
from ergate_backends.postgres.notices import CALL, LONGEST, ready_channel
from ergate_backends.postgres.rows import jobs_json, storable
from ergate_backends.postgres.statements import Statements
from ergate_backends.postgres.target import Target


class Accepting:
    """Writes new jobs on connections of ours, or on one of the caller's."""

    def __init__(self, acts: Acts, target: Target) -> None:
        self._acts = acts
        self._target = target
        self._strict = _statement(acts.sql, "ordinality", "")
        # In one order, as two callers may bring the same jobs at the same time.
        self._lenient = _statement(acts.sql, "id", "ON CONFLICT (id) DO NOTHING")

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool) -> list[Ticket]:
        """Store jobs in a transaction of their own."""
        try:
            return self._submit(jobs, if_absent=if_absent)
        except BackendUnavailable:
            # The connection broke, and perhaps only the answer is missing: look, on a new one.
            return self._landed(jobs) or self._submit(jobs, if_absent=if_absent)

    def _submit(self, jobs: Sequence[JobRecord], *, if_absent: bool) -> list[Ticket]:
        statement = self._lenient if if_absent else self._strict
        with self._acts.pool.use() as connection:
            try:
                rows = self._acts.on(connection, statement, jobs=jobs_json(jobs))
            except errors.UniqueViolation as exc:
                raise _exists(exc) from exc
        return [Ticket(*row) for row in rows]

    def _landed(self, jobs: Sequence[JobRecord]) -> list[Ticket]:
        """Return tickets for jobs that are there as they were given; all are, or none."""
        first = jobs[0]
        query = b"SELECT created_at FROM {schema}.jobs WHERE id = %(id)s AND revision = 1"
        query = self._acts.sql.fill(query.decode())
        found = self._acts.ask_text(query, id=storable(first.id))
        if found != [(first.created_at,)]:
            return []
        return [Ticket(job.id, job.revision, job.queue) for job in jobs if job.status == "queued"]

    def submit_within(
        self, connection: object, jobs: Sequence[JobRecord], *, if_absent: bool
    ) -> list[Ticket]:
        """Store jobs in the transaction that a connection of the caller's has open."""
        statement = self._lenient if if_absent else self._strict
        values = {"jobs": jobs_json(jobs), "now": self._acts.now}
        with (
            translated(self._target),
            psycopg_connection(connection).cursor(row_factory=tuple_row) as cursor,
        ):
            try:
                rows = cursor.execute(statement, values).fetchall()
            except errors.UniqueViolation as exc:
                raise _exists(exc) from exc
            tickets = [Ticket(*row) for row in rows]
            if self._target.notify:  # the server calls when the transaction commits
                queues = {ticket.queue[:LONGEST] for ticket in tickets}
                cursor.execute(CALL, (ready_channel(self._target), sorted(queues)))
        return tickets


def _statement(sql: Statements, order: str, conflict: str) -> bytes:
    return sql.variant("submit", order=order, conflict=conflict)


def _exists(exc: psycopg.Error) -> UsageError:
    detail = exc.diag.message_detail or str(exc)
    return UsageError(f"One of the jobs is there already, or is given twice: {detail}")


def psycopg_connection(connection: object) -> psycopg.Connection[Any]:
    """Return the psycopg connection that the caller means; SQLAlchemy's lead to one."""
    inner = connection
    if not isinstance(inner, psycopg.Connection):
        inner = getattr(inner, "connection", inner)
        if callable(inner):  # a Session has a method where a Connection has an attribute
            inner = inner().connection
        inner = getattr(inner, "driver_connection", inner)
    if not isinstance(inner, psycopg.Connection):
        raise UsageError(
            f"A {type(connection).__name__} leads to no psycopg connection. Give a "
            "psycopg.Connection, or a SQLAlchemy connection or session on postgresql+psycopg://…"
        )
    return inner
