"""The history of all jobs, which refuses what must not happen twice."""

from __future__ import annotations

from ergate.errors import CorruptRecord
from ergate.jobs.record import HistoryRow


class Ledger:
    """History rows by job; `(job, revision)` is unique, and `(job, seq)` among applied steps.

    The transitions already see to both. The ledger is the second proof, as the unique indexes of
    a database are: if a guard is ever lost, the double apply fails instead of being written.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[HistoryRow]] = {}
        self._revisions: set[tuple[str, int]] = set()
        self._applied: set[tuple[str, int]] = set()

    def append(self, row: HistoryRow) -> None:
        """Add one row. Raises `CorruptRecord` when its transition was already written."""
        revision, step = (row.job_id, row.revision), (row.job_id, row.seq)
        if revision in self._revisions:
            raise CorruptRecord(f"Job {row.job_id} already has a transition {row.revision}.")
        if row.event == "applied":
            if step in self._applied:
                raise CorruptRecord(f"Job {row.job_id} already has an outcome of seq {row.seq}.")
            self._applied.add(step)
        self._revisions.add(revision)
        self._rows.setdefault(row.job_id, []).append(row)

    def of(self, job_id: str) -> tuple[HistoryRow, ...]:
        """Return a job's rows in the order of their revisions."""
        return tuple(self._rows.get(job_id, ()))

    def forget(self, job_id: str) -> None:
        """Remove every row of a job."""
        for row in self._rows.pop(job_id, ()):
            self._revisions.discard((job_id, row.revision))
            self._applied.discard((job_id, row.seq))
