"""A step that takes more memory than there is, under a limit of the operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.scene import Scene
from ergate.worker.events import WorkerStarted

if TYPE_CHECKING:
    from tests.integration.conftest import WriteApp

APP = """
import resource
from contextlib import contextmanager

workflows = list(app.registry)

@contextmanager
def limited(app):
    # Address space: what is there already, and 256 MiB more for threads and steps.
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
    yield

app = Ergate(lifespan=limited)
for workflow in workflows:
    app.register_workflow(workflow)

greedy = Workflow("greedy")

@greedy.step
def take_all(n: int, job: Current) -> int:
    trace(job, "run")
    taken = []
    while True:
        taken.append(bytearray(2**22))

app.register_workflow(greedy)
"""


def test_a_step_that_exhausts_its_memory_fails_and_takes_nobody_along(
    scene: Scene, write_app: WriteApp
) -> None:
    """Python says MemoryError, the memory comes back, and the same worker goes on."""
    healthy = scene.submit("healthy", range(100))
    greedy = scene.submit("greedy", range(5))
    healthy += scene.submit("healthy", range(100))
    fleet = scene.fleet(write_app(APP), concurrency=2)
    assert {job.status for job in scene.wait_ended(*healthy)} == {JobStatus.COMPLETED}
    for job in scene.wait_ended(*greedy):
        assert job.status is JobStatus.FAILED
        assert JobError.from_json(job.error or "").type == "MemoryError"
    assert len(fleet.events(WorkerStarted)) == 1
    fleet.stop()
    scene.check(most_repeats=0)
