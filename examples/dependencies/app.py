from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from ergate import Context, CurrentJob, Depends, Ergate, Job, Workflow

app = Ergate()
workflow = Workflow(unique_name="report")


def settings() -> dict[str, str]:
    """A plain function: its result is the value."""
    print("  settings: read")
    return {"database": "books"}


def database(config: Annotated[dict[str, str], Depends(settings)]) -> Iterator[str]:
    """A generator: what follows `yield` runs after the step, and sees its exception."""
    print(f"  database: open {config['database']}")
    try:
        yield config["database"]
    except LookupError as exc:
        print(f"  database: roll back, because of {exc!r}")
        raise
    else:
        print("  database: commit")
    finally:
        print("  database: close")


@contextmanager
def transaction(
    db: Annotated[str, Depends(database)], config: Annotated[dict[str, str], Depends(settings)]
) -> Iterator[str]:
    """A context manager; it shares `settings` with `database`, made once per run of the step."""
    print(f"  transaction: begin on {db}")
    yield f"transaction on {config['database']}"
    print("  transaction: end")


async def rates() -> dict[str, float]:
    """An async function: it runs on the worker's event loop."""
    print("  rates: fetched")
    return {"EUR": 1.0, "USD": 1.1}


async def mailer(
    job: Annotated[Job, CurrentJob()], tenant: Annotated[str, Context()]
) -> AsyncIterator[str]:
    """An async generator, which takes the running job and its context itself."""
    print(f"  mailer: connect for {tenant}")
    yield f"mailer of {job.workflow_name}"
    print("  mailer: disconnect")


@workflow.step
def convert(
    amount: float,
    tx: Annotated[str, Depends(transaction)],
    table: Annotated[dict[str, float], Depends(rates)],
) -> float:
    print(f"convert: {amount} EUR, in a {tx}")
    return round(amount * table["USD"], 2)


@workflow.step
async def send(
    dollars: float,
    mail: Annotated[str, Depends(mailer)],
    job: Annotated[Job, CurrentJob()],
    tenant: Annotated[str, Context()],
) -> str:
    print(f"send: {dollars} USD to {tenant} by the {mail}, after {job.steps_completed} step")
    return "sent"


@workflow.step
def archive(state: str, db: Annotated[str, Depends(database)]) -> None:
    print(f"archive: {state}, but there is no folder in {db}")
    raise LookupError("no folder")


app.register_workflow(workflow)

if __name__ == "__main__":
    job = app.enqueue("report", 100, context="acme")
    app.run(burst=True)
    job = app.get_job(job.id)
    print(f"{job.status}: {job.error.message if job.error else ''}")
