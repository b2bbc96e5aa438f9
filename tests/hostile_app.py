"""An app, jobs, workers and letters in which every text of somebody else's is a hostile one."""

from __future__ import annotations

import json
import time
from typing import Annotated

from pydantic import Field

from ergate import Ergate, Workflow
from ergate.brokers.broker import Broker
from ergate.contracts.state_store import DeadLetter, WorkerInfo
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Settlement
from ergate.jobs.record import JobRecord
from tests.hostile import NAMES, TEXTS

WORKER = "worker \x1b[2J\u202e<b>"
LETTERS = [f"letter-{number}" for number in range(len(TEXTS))]


def _workflow(name: str) -> Workflow:
    workflow = Workflow(name)

    def first(text: str) -> str:
        return text

    about = Field(description=name, examples=[name], default=name)
    first.__annotations__["text"] = Annotated[str, about]
    workflow.step(name=name)(first)
    return workflow


app = Ergate()
for unique_name in NAMES:
    app.register_workflow(_workflow(unique_name))


def hand_in(broker: Broker) -> dict[str, str]:
    """Store one failed job for each text, with it wherever one can stand; return them by id."""
    found = {}
    for number, text in enumerate(TEXTS):
        # No route reaches an id with a line end.
        job_id = f"{number} {text[:30]}".replace("\n", "")
        broker.submit([_record(job_id, text)])
        (held,) = broker.store.claim_ready([text], 1, WORKER)
        error = JobError(type=text, message=text, traceback=text, step_name=text)
        failed = Settlement(job_id, WORKER, held.revision, Failed(error.to_json()))
        assert list(broker.store.settle([failed]).refused) == []
        found[job_id] = text
    return found


def let_wait(broker: Broker) -> None:
    """Let one job wait in a queue of each name, with a worker that serves all of them."""
    broker.submit([_record(f"waits {number}", text) for number, text in enumerate(TEXTS)])
    worker = WorkerInfo(
        worker_id=WORKER, host=TEXTS[-1], pid=1, started_at=time.time(), queues=TEXTS
    )
    broker.store.heartbeat([worker], 60)


def bury(broker: Broker) -> None:
    """Bury one letter for each text, which is its queue, its reason and its body."""
    letters = [
        DeadLetter(id=name, queue=text, body=text.encode(), reason=text, at=time.time())
        for name, text in zip(LETTERS, TEXTS, strict=True)
    ]
    broker.store.bury(letters)


def _record(job_id: str, text: str) -> JobRecord:
    value = json.dumps({text: text})
    return JobRecord(
        id=job_id,
        workflow_name=text,
        queue=text,
        step_name=text,
        initial_input_value=value,
        last_return_value=value,
        user_context=value,
        created_at=time.time(),
    )
