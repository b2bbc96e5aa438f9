"""The programs that the first documentation of Ergate printed run as they were printed."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.programs import Program

README_EXAMPLE = """\
from queue import Queue
from ergate import Ergate, Job, Workflow


queue: Queue[Job] = Queue()


class MyQueue:
    def get_one(self) -> Job:
        return queue.get()

    def put(self, job: Job) -> None:
        queue.put(job)


class MyStateStore:
    def update(self, job: Job) -> None:
        print(f"Updating {job.id}")


workflow = Workflow(unique_name="my_first_workflow")

@workflow.step
def say_hi() -> None:
    print("Hello world")


@workflow.step
def say_bye() -> None:
    print("Goodbye world")


app = Ergate(queue=MyQueue(), job_state_store=MyStateStore())
app.register_workflow(workflow)


if __name__ == "__main__":
    queue.put(Job(id=1, workflow_name="my_first_workflow"))
    app.run()
"""
README_OUTPUT = [
    "Updating 1",
    "Hello world",
    "Updating 1",
    "Updating 1",
    "Goodbye world",
    "Updating 1",
]

MY_QUEUE = """\
from queue import Queue
from ergate import Job

queue = Queue() # (1)!

class MyQueue:
    def get_one(self) -> Job:
        serialized_job = queue.get()
        return Job(**serialized_job)

    def put(self, job: Job) -> None:
        serialized_job = job.model_dump(mode="json")
        queue.put(serialized_job)
"""
MY_STATE_STORE = """\
import requests
from ergate import Job

class MyStateStore:
    def update(self, job: Job) -> None:
        requests.patch("https://example.com", json=job.model_dump(mode="json"))
"""
APP_WITHOUT_JOBS = """\
from ergate import Ergate
from my_queue import MyQueue
from my_state_store import MyStateStore

app = Ergate(
    queue=MyQueue(),
    state_store=MyStateStore(),
)

if __name__ == "__main__":
    app.run()
"""
MY_WORKFLOW = """\
from ergate import Workflow

workflow = Workflow(unique_name="my_first_workflow")

@workflow.step
def say_hi() -> None:
    print("Hello world")


@workflow.step
def say_bye() -> None:
    print("Goodbye world")
"""
APP_WITH_A_JOB = """\
from ergate import Ergate, Job
from my_queue import MyQueue, queue
from my_state_store import MyStateStore
from my_workflow import workflow

app = Ergate(
    queue=MyQueue(),
    state_store=MyStateStore(),
)
app.register_workflow(workflow)

if __name__ == "__main__":
    job = Job(workflow_name="my_first_workflow") # (1)!
    queue.put(job.model_dump(mode="json")) # (2)!
    app.run()
"""

IDLE_STOP_S = 1.0

each_stop = pytest.mark.parametrize(
    "stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"]
)
each_spelling = pytest.mark.parametrize("spelling", ["state_store", "job_state_store"])


@dataclass(frozen=True)
class Api:
    """The address that the tutorial's state store sends its jobs to, and what arrived there."""

    address: str
    jobs: list[dict[str, Any]]


@pytest.fixture
def api() -> Iterator[Api]:
    jobs: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            size = int(self.headers["Content-Length"])
            jobs.append(json.loads(self.rfile.read(size)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Api(f"http://127.0.0.1:{server.server_port}/jobs", jobs)
    server.shutdown()
    server.server_close()
    thread.join()


def tutorial(directory: Path, api: Api, app: str, spelling: str) -> Path:
    """Write the tutorial's files; only the address of the PATCH and the spelling differ."""
    store = MY_STATE_STORE.replace("https://example.com", api.address)
    (directory / "my_queue.py").write_text(MY_QUEUE)
    (directory / "my_state_store.py").write_text(store)
    (directory / "my_workflow.py").write_text(MY_WORKFLOW)
    file = directory / "app.py"
    file.write_text(app.replace("    state_store=", f"    {spelling}="))
    return file


def readme(directory: Path, spelling: str = "job_state_store") -> Path:
    file = directory / "example.py"
    file.write_text(README_EXAMPLE.replace("job_state_store=", f"{spelling}="))
    return file


def stopped_within_a_second(program: Program, stop: signal.Signals) -> bool:
    before = time.monotonic()
    program.send(stop)
    assert program.wait() == 0, program.errors
    assert program.errors == ""
    return time.monotonic() - before <= IDLE_STOP_S


# --- the README's example -------------------------------------------------------------------------


@each_spelling
@each_stop
def test_the_readme_example_prints_its_lines_and_stops_while_idle(
    tmp_path: Path, spelling: str, stop: signal.Signals
) -> None:
    with Program(readme(tmp_path, spelling)) as program:
        assert program.lines(len(README_OUTPUT)) == README_OUTPUT
        assert stopped_within_a_second(program, stop)
        assert program.lines(1) == []


# --- the tutorial's files -------------------------------------------------------------------------


@each_spelling
@each_stop
def test_the_tutorials_app_waits_for_jobs_and_stops_within_a_second(
    tmp_path: Path, api: Api, spelling: str, stop: signal.Signals
) -> None:
    with Program(tutorial(tmp_path, api, APP_WITHOUT_JOBS, spelling)) as program:
        program.is_listening_to_signals()
        assert stopped_within_a_second(program, stop)
    assert api.jobs == []


@each_spelling
@each_stop
def test_the_tutorials_job_runs_through_both_steps_and_the_app_stops_within_a_second(
    tmp_path: Path, api: Api, spelling: str, stop: signal.Signals
) -> None:
    with Program(tutorial(tmp_path, api, APP_WITH_A_JOB, spelling)) as program:
        assert program.lines(2) == ["Hello world", "Goodbye world"]
        _await_jobs(api, 4)
        assert stopped_within_a_second(program, stop)


def test_the_tutorials_state_store_is_told_before_and_after_each_step(
    tmp_path: Path, api: Api
) -> None:
    with Program(tutorial(tmp_path, api, APP_WITH_A_JOB, "state_store")) as program:
        _await_jobs(api, 4)
        assert stopped_within_a_second(program, signal.SIGTERM)
    told = [(job["status"], job["current_step"], job["percent_completed"]) for job in api.jobs]
    assert told == [
        ("running", 0, 0.0),
        ("queued", 1, 50.0),
        ("running", 1, 50.0),
        ("completed", 1, 100.0),
    ]


def _await_jobs(api: Api, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(api.jobs) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- stopping while a step runs -------------------------------------------------------------------

SLOW_HI = """\
def say_hi() -> None:
    import pathlib, time
    print("Hello")
    while not pathlib.Path("go-on").exists():
        time.sleep(0.01)
    print("world")
"""

ENDLESS_HI = """\
async def say_hi() -> None:
    import asyncio
    try:
        print("Hello")
        await asyncio.sleep(60)
    finally:
        print("cleaned up")
"""


def slow_example(directory: Path) -> Path:
    file = readme(directory)
    step = 'def say_hi() -> None:\n    print("Hello world")\n'
    file.write_text(file.read_text().replace(step, SLOW_HI))
    return file


@each_stop
def test_a_step_that_runs_is_finished_and_told_before_the_app_stops(
    tmp_path: Path, stop: signal.Signals
) -> None:
    with Program(slow_example(tmp_path)) as program:
        assert program.lines(2) == ["Updating 1", "Hello"]
        program.send(stop)
        (tmp_path / "go-on").touch()
        assert program.lines(9) == ["world", "Updating 1"]
        assert (program.wait(), program.errors) == (0, "")


@each_stop
def test_a_second_signal_interrupts_the_step(tmp_path: Path, stop: signal.Signals) -> None:
    with Program(slow_example(tmp_path)) as program:
        assert program.lines(2) == ["Updating 1", "Hello"]
        program.send_twice(stop)
        assert program.lines(9) == []
        assert program.wait() == 0
        assert program.errors.startswith("A second signal interrupted the running step.")


# --- errors of the user's own objects -------------------------------------------------------------

BROKEN = {
    "MyQueue.get_one": ("        return queue.get()\n", "        raise OSError('no network')\n"),
    "MyQueue.put": ("        queue.put(job)\n", "        raise OSError('no network')\n"),
    "MyStateStore.update": (
        '        print(f"Updating {job.id}")\n',
        "        raise OSError('no network')\n",
    ),
}


@pytest.mark.parametrize("method", BROKEN)
def test_what_a_method_raises_ends_the_worker_with_its_traceback_and_its_name(
    tmp_path: Path, method: str
) -> None:
    file = readme(tmp_path)
    file.write_text(file.read_text().replace(*BROKEN[method]))
    with Program(file) as program:
        assert program.wait() == 1
        assert "Traceback (most recent call last):" in program.errors
        assert "raise OSError('no network')" in program.errors
        assert "OSError: no network" in program.errors
        assert f"Ergate: {method} raised this." in program.errors


def test_a_get_one_that_returns_no_job_is_named(tmp_path: Path) -> None:
    file = readme(tmp_path)
    file.write_text(file.read_text().replace("return queue.get()", "return {'id': 1}"))
    with Program(file) as program:
        assert program.wait() == 1
        assert "MyQueue.get_one returned {'id': 1}, not a Job." in program.errors


def test_a_burst_is_refused_because_nobody_can_tell_that_the_queue_is_empty(
    tmp_path: Path,
) -> None:
    file = readme(tmp_path)
    file.write_text(file.read_text().replace("app.run()", "app.run(burst=True)"))
    with Program(file) as program:
        assert program.wait() == 1
        assert "Nobody can tell when nothing is left to run" in program.errors


def test_an_async_step_that_a_second_signal_interrupts_cleans_up(tmp_path: Path) -> None:
    file = readme(tmp_path)
    step = 'def say_hi() -> None:\n    print("Hello world")\n'
    file.write_text(file.read_text().replace(step, ENDLESS_HI))
    with Program(file) as program:
        assert program.lines(2) == ["Updating 1", "Hello"]
        program.send_twice(signal.SIGINT)
        assert program.lines(9) == ["cleaned up"]
        assert program.wait() == 0
        assert "never retrieved" not in program.errors
        assert "destroyed" not in program.errors
