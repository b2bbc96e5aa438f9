"""Jobs that leave for another store, and those that come from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ergate.contracts.moving import Admitted, Traveller
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.ticket import Ticket
from ergate_backends.postgres.acts import Acts
from ergate_backends.postgres.connection import LONG_ANSWER_S
from ergate_backends.postgres.rows import (
    JOB_FIELDS,
    as_json,
    history_json,
    history_of_row,
    job_of,
    jobs_json,
    storable,
)

# No index lists what is PENDING: one that names the status would be written by every claim.
_PENDING = """
    SELECT {job_columns} FROM {schema}.jobs WHERE status = 'pending'
    ORDER BY updated_at, created_at, id LIMIT %(limit)s OFFSET %(offset)s
"""
_HISTORIES = """
    SELECT {history_columns} FROM {schema}.history WHERE job_id = ANY (%(ids)s::text[])
    ORDER BY job_id, revision
"""
# Of a job that comes back the first rows are here already.
_TELL = """
    INSERT INTO {schema}.history ({history_columns}) SELECT {history_columns}
    FROM json_populate_recordset(NULL::{schema}.history, %(history)s::json)
    ON CONFLICT (job_id, revision) DO NOTHING
"""
_HERE = "SELECT id, created_at FROM {schema}.jobs WHERE id = ANY (%(ids)s::text[])"


class Moving:
    """Departures and arrivals of one schema."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        # A job arrives by the clock of the store that takes it in.
        arriving = ("moment.at" if name == "updated_at" else f"new.{name}" for name in JOB_FIELDS)
        self._admit = acts.sql.variant(
            "admit",
            arriving_columns=", ".join(arriving),
            excluded_columns=", ".join(f"excluded.{name}" for name in JOB_FIELDS),
        )

    def depart(self, limit: int, destination: str) -> list[Traveller]:
        """Let waiting jobs go: what is ready first, then what comes due first."""
        with self._acts.pool.use(LONG_ANSWER_S) as connection:
            rows = self._acts.on(
                connection, "depart", limit=max(limit, 0), destination=storable(destination)
            )
        in_order = sorted(rows, key=lambda row: row[:2])
        return self._travellers([job_of(row[2:]) for row in in_order])

    def departed(self, limit: int, offset: int) -> list[Traveller]:
        """Return the PENDING jobs, the first to depart first."""
        with self._acts.pool.use(LONG_ANSWER_S) as connection, connection.transaction():
            # It reads the whole table, for which our connections have no plan otherwise.
            connection.execute(b"SET LOCAL enable_seqscan = on")
            query = self._acts.sql.of(_PENDING)
            rows = self._acts.on(connection, query, limit=max(limit, 0), offset=offset)
        return self._travellers([job_of(row) for row in rows])

    def _travellers(self, jobs: Sequence[JobRecord]) -> list[Traveller]:
        if not jobs:
            return []
        histories: dict[str, list[HistoryRow]] = {job.id: [] for job in jobs}
        query = self._acts.sql.of(_HISTORIES)
        for found in self._acts.ask_text(query, answer_s=LONG_ANSWER_S, ids=list(histories)):
            row = history_of_row(found)
            histories[row.job_id].append(row)
        return [Traveller(job, histories[job.id]) for job in jobs]

    def admit(self, travellers: Sequence[Traveller]) -> Admitted:
        """Take in jobs of another store, in their order and in one transaction."""
        come = {storable(one.job.id): one.arrived(0.0) for one in travellers}
        with self._acts.pool.use(LONG_ANSWER_S) as connection, connection.transaction():
            jobs = jobs_json(one.job for one in come.values())
            stored = self._acts.on(connection, self._admit, jobs=jobs)
            told = [row for job_id, *_ in stored for row in come[job_id].history[:-1]]
            self._acts.on(connection, self._acts.sql.of(_TELL), history=history_json(told))
        ready = [Ticket(*ticket) for *ticket, is_ready in stored if is_ready]
        return Admitted(ready, self._kept_out(come, {row[0] for row in stored}))

    def _kept_out(self, come: Mapping[str, Traveller], stored: set[str]) -> list[str]:
        """Return the ids of those that were neither stored now nor arrived before."""
        rest = [name for name in come if name not in stored]
        if not rest:
            return []
        here = self._acts.ask_text(self._acts.sql.of(_HERE), ids=rest)
        jobs = ((come[name].job, created_at) for name, created_at in here)
        return [job.id for job, created_at in jobs if job.created_at != created_at]

    def dismiss(self, gone: Mapping[str, int]) -> int:
        """Delete PENDING jobs that are still at these revisions."""
        wanted = {storable(job_id): revision for job_id, revision in gone.items()}
        ((deleted,),) = self._acts.ask("dismiss", gone=_pairs(wanted))
        return int(deleted)


def _pairs(revisions: Mapping[str, int]) -> str:
    return as_json([{"id": name, "revision": revision} for name, revision in revisions.items()])
