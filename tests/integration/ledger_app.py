"""An app whose step writes to a table of its own in the transaction of its outcome."""

from __future__ import annotations

import time
from typing import Annotated, Any

from ergate import CurrentJob, Ergate, Job, Transaction, Workflow

TABLE = "CREATE TABLE IF NOT EXISTS ledger (entry TEXT NOT NULL)"

app = Ergate()
booking = Workflow("booking")
Current = Annotated[Job, CurrentJob()]
Connection = Annotated[Any, Transaction()]


@booking.step
def debit(amount: int, job: Current, ledger: Connection) -> int:
    """Write one entry, and take a moment in which the worker may be killed."""
    return _book("debit", amount, job, ledger)


@booking.step
def credit(amount: int, job: Current, ledger: Connection) -> int:
    """Write one entry, and take a moment in which the worker may be killed."""
    return _book("credit", amount, job, ledger)


def _book(word: str, amount: int, job: Job, ledger: Any) -> int:
    ledger.execute(TABLE)
    ledger.execute(f"INSERT INTO ledger VALUES ('{word} {job.idempotency_key}')")
    time.sleep(0.002)
    return amount


broken = Workflow("broken")


@broken.step
def write_and_fail(ledger: Connection) -> None:
    """Write one entry, and fail."""
    ledger.execute(TABLE)
    ledger.execute("INSERT INTO ledger VALUES ('never')")
    raise RuntimeError("after the entry")


for workflow in (booking, broken):
    app.register_workflow(workflow)
