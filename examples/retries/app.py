import asyncio
import time
from typing import Annotated

from ergate import CurrentJob, Ergate, Job, Retry, Workflow
from ergate.errors import StepTimeout

app = Ergate()

flaky = Workflow(unique_name="flaky")


@flaky.step(retry=Retry(attempts=3, initial_s=0.1, on=(ConnectionError,), never=(TimeoutError,)))
def call(job: Annotated[Job, CurrentJob()]) -> str:
    print(f"call: attempt {job.attempt + 1}, always with the key …:{job.seq}")
    if job.attempt < 2:
        raise ConnectionError("the line is busy")
    return "connected"


slow = Workflow(unique_name="slow")


@slow.step(timeout_s=0.2)
async def wait_for_answer() -> None:
    """Async: the coroutine is cancelled."""
    try:
        await asyncio.sleep(60)
    finally:
        print("wait_for_answer: cancelled, and cleaned up")


stuck = Workflow(unique_name="stuck")


@stuck.step(timeout_s=0.2, retry=Retry(attempts=2, initial_s=0.1, on=(StepTimeout,)))
def compute(job: Annotated[Job, CurrentJob()]) -> str:
    """Sync: the exception is raised between two lines of the function."""
    while job.attempt == 0:
        time.sleep(0.01)
    return "the second time it was quick"


for workflow in (flaky, slow, stuck):
    app.register_workflow(workflow)

if __name__ == "__main__":
    for name in ("flaky", "slow", "stuck"):
        job = app.enqueue(name, id=f"{name}-1")
        app.run(burst=True)
        job = app.get_job(job.id)
        result = job.error.message if job.error else job.last_return_value
        print(f"{job.id} is {job.status}: {result}")
