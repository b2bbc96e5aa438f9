"""Jobs that this worker cannot run: each is told apart, none is lost, and the others go on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Scene
from ergate.worker.events import StepsEnded, WorkerDead

if TYPE_CHECKING:
    from tests.integration.conftest import WriteApp

OLD = """
two = Workflow("two")

@two.step
def first(n: int, job: Current) -> int:
    trace(job, "run")
    return n + 1

@two.step
def {second}(n: int, job: Current) -> int:
    trace(job, "run")
    return n * 10

app.register_workflow(two)
"""


def _waits_unroutable(scene: Scene, job_id: str, times: int) -> None:
    eventually(
        f"it was given back {times} times",
        lambda: (
            scene.job(job_id).unroutable >= times
            and scene.job(job_id).status is JobStatus.SCHEDULED
        ),
    )


def test_a_job_of_an_unknown_workflow_goes_back_uncounted_with_growing_pauses(
    scene: Scene, write_app: WriteApp
) -> None:
    """And runs as soon as there is a worker that knows it."""
    (job_id,) = scene.submit("two", [1])
    fleet = scene.fleet()
    _waits_unroutable(scene, job_id, 2)
    job = scene.job(job_id)
    assert (job.deliveries, job.attempt, job.error) == (0, 0, None)
    rows = [row for row in scene.broker.store.history(job_id) if row.event == "unroutable"]
    assert "two" in str(rows[0].detail)
    ends = [step for event in fleet.events(StepsEnded) for step in event["steps"]]
    pauses = [step["pause_s"] for step in ends if step["job_id"] == job_id]
    assert pauses[:2] == [1.0, 2.0]
    healthy = scene.submit("healthy", range(10))
    scene.wait_ended(*healthy)
    assert fleet.events(WorkerDead) == []
    fleet.stop()
    scene.fleet(write_app(OLD.format(second="second")))
    (job,) = scene.wait_ended(job_id)
    assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, "20")
    scene.check(most_repeats=0)


def test_a_step_that_a_deploy_renamed_waits_for_a_worker_that_knows_it(
    scene: Scene, write_app: WriteApp
) -> None:
    (job_id,) = scene.submit("two", [1])
    fleet = scene.fleet(write_app(OLD.format(second="renamed")))
    scene.wait_ended(job_id)
    fleet.stop()
    with closing(sqlite3.connect(scene.directory / "jobs.db")) as file, file:
        (stuck,) = scene.submit("two", [5])
        change = "UPDATE jobs SET step_name = 'second', current_step = 1 WHERE id = ?"
        file.execute(change, (stuck,))
    fleet.start()
    _waits_unroutable(scene, stuck, 1)
    fleet.stop()
    fleet = scene.fleet(write_app(OLD.format(second="second")))
    (job,) = scene.wait_ended(stuck)
    assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, "50")


GARBAGE: dict[str, list[Any]] = {
    "initial_input_value": ["not json", "", "[" * 5000, '"text"', "{}", b"\xff\xfe"],
    "last_return_value": [b"\x00"],
    "user_context": ["not json", b"\xff"],
    "extra": ["not json", "[]", "7"],
    "workflow_name": ["", "\x00", "x" * 10_000],
    "step_name": ["", "nowhere", b"\xff"],
    "current_step": [-1, 99, 2**62],
    "attempt": [-5, 2**62, "many"],
    "deliveries": [-5, 2**62, "many"],
    "unroutable": [-5, 2**62, "many"],
    "percent_completed": ["half", 1e300],
    "steps_completed": [-1, 2**62, "two"],
    "updated_at": ["yesterday"],
    "created_at": ["yesterday"],
    "requested_start_time": ["soon", 1e300],
    "error": ["not json"],
    "priority": [2**62],
}


def test_garbage_in_any_column_troubles_no_other_job_and_no_worker(scene: Scene) -> None:
    damaged: dict[str, str] = {}
    with closing(sqlite3.connect(scene.directory / "jobs.db")) as file:
        for column, values in GARBAGE.items():
            for value in values:
                (job_id,) = scene.submit("chain", [1])
                stored = f"CAST(x'{value.hex()}' AS TEXT)" if isinstance(value, bytes) else "?"
                given = [] if isinstance(value, bytes) else [value]
                try:
                    file.execute(
                        f"UPDATE jobs SET {column} = {stored} WHERE id = ?", [*given, job_id]
                    )
                    file.commit()
                except sqlite3.IntegrityError:
                    continue  # the schema refuses it itself
                damaged[job_id] = f"{column} = {str(value)[:20]!r}"
    healthy = scene.submit("chain", range(20))
    fleet = scene.fleet(concurrency=2)
    workers = fleet.wait_ready()
    assert {job.status for job in scene.wait_ended(*healthy)} == {JobStatus.COMPLETED}
    later = scene.submit("chain", range(20))
    assert {job.status for job in scene.wait_ended(*later)} == {JobStatus.COMPLETED}
    with closing(sqlite3.connect(scene.directory / "jobs.db")) as file:

        def not_settled() -> list[str]:
            rows = file.execute("SELECT id, status FROM jobs").fetchall()
            return [
                f"{damaged[job_id]} is {status}"
                for job_id, status in rows
                if job_id in damaged and status in ("queued", "running")
            ]

        eventually("each damaged job is put aside", lambda: not not_settled(), 15)
        assert not_settled() == []
    assert list(fleet.workers()) == list(workers)
    assert fleet.events(WorkerDead) == []
    assert fleet.stop() == 0
    assert len(damaged) > 25


def test_input_that_does_not_fit_fails_the_job_and_says_what_did_not_fit(scene: Scene) -> None:
    (job_id,) = scene.submit("chain", [{"a": [1, 2]}])
    scene.fleet()
    (job,) = scene.wait_ended(job_id)
    assert job.status is JobStatus.FAILED
    error = JobError.from_json(job.error or "")
    assert (error.type, error.step_name) == ("ValidationError", "first")
    assert "n" in error.message
    assert "valid integer" in error.message


@pytest.mark.parametrize("value", ["x" * 2**20, [[[]]] * 1000])
def test_large_input_that_is_allowed_passes_through_every_step(
    scene: Scene, write_app: WriteApp, value: object
) -> None:
    app = write_app(
        """
        from typing import Any
        echo = Workflow("echo")

        @echo.step
        def one(value: Any, job: Current) -> Any:
            return value

        @echo.step
        def two(value: Any, job: Current) -> Any:
            return value

        app.register_workflow(echo)
        """
    )
    value = value[:-2] if isinstance(value, str) else value  # the quotes count
    (job_id,) = scene.submit("echo", [value])
    scene.fleet(app)
    (job,) = scene.wait_ended(job_id)
    assert json.loads(job.last_return_value) == value
