"""What holds with a journal as state store, in real processes, whichever server keeps it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ergate.clock import SystemClock
from ergate.contracts.queue import Message
from ergate.plugins.resolve import open_queue
from ergate.testing.fleet import eventually
from tests.cli.terminal import ERGATE, Terminal, open_terminal

APP = """
import os, time
from pathlib import Path

from ergate import Ergate, Workflow
from ergate.jobs.retry import Retry

HERE = Path(__file__).parent
sums, slow, shaky = Workflow("sums"), Workflow("slow"), Workflow("shaky")


@sums.step
def double(n: int) -> int:
    return 2 * n


@sums.step
def add(n: int) -> int:
    return n + 1


@slow.step
def wait(n: int) -> int:
    with (HERE / f"runs-{n}").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    while not (HERE / f"go-{n}").exists():
        time.sleep(0.01)
    return n


@slow.step
def end(n: int) -> int:
    return n + 1


@shaky.step(retry=Retry(attempts=2, initial_s=0.2))
def stumble(n: int) -> int:
    if not (HERE / "stumbled").exists():
        (HERE / "stumbled").touch()
        raise ValueError("once")
    return n


app = Ergate()
for one in (sums, slow, shaky):
    app.register_workflow(one)
"""
AWAY = 4
PROMISE = "steps run at least once; a redelivery can repeat an outcome"


class Shift:
    """`ergate run` in a directory, in the background."""

    def __init__(self, directory: Path, url: str, *arguments: str) -> None:
        self.log = directory / "run.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ERGATE, "run", "--state", url, "--log-format", "json", *arguments],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what it has told so far of one kind of event."""
        found = []
        for line in self.log.read_text().splitlines():
            if line.startswith("{") and line.endswith("}"):
                event = json.loads(line)
                if event.get("event") == name:
                    found.append(event)
        return found

    def wait_ready(self, count: int = 1) -> None:
        """Wait until so many workers are ready."""

        def are_ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return len(self.events("worker_ready")) >= count

        eventually("the workers are ready", are_ready, 60)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        """Kill it with its workers."""
        for event in self.events("worker_ready"):
            try:
                os.kill(event["pid"], signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.kill()
        self.process.wait()


class JournalRuns:
    """Provide `url`, an empty place on a server, and `outage`."""

    patience_s = 60.0

    @pytest.fixture
    def url(self) -> str:
        """Give the address of queue and journal."""
        raise NotImplementedError("Provide a fixture `url`.")

    @pytest.fixture
    def outage(self) -> AbstractContextManager[None]:
        """Give a block in which the server is away."""
        raise NotImplementedError("Provide a fixture `outage`.")

    @pytest.fixture
    def terminal(
        self, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Terminal]:
        """A directory with the app, in which every command uses the journal."""
        place = tmp_path / "app"
        place.mkdir()
        for terminal in open_terminal(place, monkeypatch):
            terminal.write("app.py", APP)
            monkeypatch.setenv("ERGATE_STATE_STORE", url)
            yield terminal

    @contextmanager
    def shift(self, terminal: Terminal, url: str, *arguments: str) -> Iterator[Shift]:
        with closing(Shift(terminal.directory, url, *arguments)) as shift:
            shift.wait_ready()
            yield shift

    def publish(self, url: str, *bodies: bytes) -> None:
        with closing(open_queue(url, SystemClock())) as queue:
            queue.publish([Message(body, "elsewhere") for body in bodies])

    def ends(self, terminal: Terminal, job_id: str) -> dict[str, Any]:
        """Wait for the job's end and return it; a server that starts answers a moment later."""
        wait = ("jobs", "wait", job_id, "--timeout", f"{self.patience_s:g}s")
        eventually("the journal can be read", lambda: terminal.type(*wait).exit_code != AWAY, 60.0)
        job: dict[str, Any] = terminal.json("jobs", "show", job_id)
        return job

    # --- what is promised ---------------------------------------------------------------------

    def test_jobs_run_and_are_read_from_the_journal(self, terminal: Terminal, url: str) -> None:
        with self.shift(terminal, url) as shift:
            (started,) = shift.events("run_started")
            assert (started["broker"], started["promise"]) == ("direct", PROMISE)
            done = terminal.type("enqueue", "sums", "--input", "3", "--wait", "--timeout", "60s")
            assert (done.exit_code, done.stdout.strip()) == (0, "7"), done.output
            second = terminal.type("enqueue", "sums", "--input", "4").stdout.strip()
            assert self.ends(terminal, second)["last_return_value"] == 4 * 2 + 1
            listed = terminal.json("jobs", "list", "--status", "completed")
            assert [job["last_return_value"] for job in listed] == [9, 7]
            assert [job["percent_completed"] for job in listed] == [100.0, 100.0]
            assert shift.stop() == 0
        assert terminal.json("jobs", "list", "--status", "queued") == []
        assert terminal.json("queues", "list") == []

    def test_the_history_is_told_from_the_entries(self, terminal: Terminal, url: str) -> None:
        with self.shift(terminal, url):
            job_id = terminal.type("enqueue", "sums", "--input", "3").stdout.strip()
            self.ends(terminal, job_id)
        rows = terminal.json("jobs", "history", job_id)
        assert [row["status"] for row in rows][-1] == "completed"
        assert rows[-1]["event"] == "applied"
        assert rows[-1]["result"] == 3 * 2 + 1

    def test_a_job_of_a_killed_worker_comes_again(self, terminal: Terminal, url: str) -> None:
        with self.shift(terminal, url, "--processes", "2") as shift:
            job_id = terminal.type("enqueue", "slow", "--input", "1").stdout.strip()
            runs = terminal.directory / "runs-1"
            (pid,) = eventually("the step runs", lambda: _lines(runs), self.patience_s)
            os.kill(int(pid), signal.SIGKILL)
            eventually("it runs again", lambda: len(_lines(runs)) > 1, self.patience_s)
            (terminal.directory / "go-1").touch()
            job = self.ends(terminal, job_id)
            assert (job["status"], job["last_return_value"]) == ("completed", 2)
            assert shift.events("worker_died")
            assert shift.stop() == 0

    def test_work_goes_on_when_the_server_was_away(
        self, terminal: Terminal, url: str, outage: AbstractContextManager[None]
    ) -> None:
        with self.shift(terminal, url) as shift:
            ids = [
                terminal.type("enqueue", "slow", "--input", f"{n}").stdout.strip() for n in (1, 2)
            ]
            eventually("a step runs", lambda: _any_runs(terminal), self.patience_s)
            with outage:
                for number in (1, 2):
                    (terminal.directory / f"go-{number}").touch()
                eventually("the outage is told", lambda: shift.events("trouble"), self.patience_s)
            ended = [self.ends(terminal, job_id) for job_id in ids]
            assert [job["status"] for job in ended] == ["completed", "completed"]
            assert len(shift.events("worker_ready")) == 1
            assert shift.stop() == 0

    def test_a_step_that_stumbles_is_tried_again_after_its_pause(
        self, terminal: Terminal, url: str
    ) -> None:
        with self.shift(terminal, url):
            job_id = terminal.type("enqueue", "shaky", "--input", "5").stdout.strip()
            job = self.ends(terminal, job_id)
        assert (job["status"], job["last_return_value"]) == ("completed", 5)

    def test_a_job_waits_for_its_time(self, terminal: Terminal, url: str) -> None:
        with self.shift(terminal, url):
            job_id = terminal.type("enqueue", "sums", "--input", "3", "--in", "2s").stdout.strip()
            assert terminal.json("jobs", "show", job_id)["status"] == "scheduled"
            job = self.ends(terminal, job_id)
        assert job["status"] == "completed"
        assert job["finished_at"] >= job["requested_start_time"]

    # --- messages from elsewhere ------------------------------------------------------------------

    def test_plain_json_starts_a_job(self, terminal: Terminal, url: str) -> None:
        with self.shift(terminal, url):
            self.publish(url, b'{"workflow_name": "sums", "initial_input_value": 20}')
            (job,) = eventually(
                "the job has ended",
                lambda: terminal.json("jobs", "list", "--status", "completed"),
                self.patience_s,
            )
        assert job["last_return_value"] == 20 * 2 + 1

    def test_what_is_no_job_is_kept_as_a_dead_letter(self, terminal: Terminal, url: str) -> None:
        bodies = {
            b"\xff\xfe": "not UTF-8",
            b'{"workflow_name": 7}': "workflow_name",
            b'{"workflow_name": "smus"}': 'Did you mean "sums"',
            b'{"v": 1, "job": "x", "revision": 1, "queue": "default"}': "ticket",
        }
        with self.shift(terminal, url) as shift:
            self.publish(url, *bodies)
            letters = eventually(
                "all letters are there",
                lambda: _at_least(len(bodies), terminal.json("queues", "dead", "list")),
                self.patience_s,
            )
            done = terminal.type("enqueue", "sums", "--input", "3", "--wait", "--timeout", "60s")
            assert done.stdout.strip() == "7"
            assert len(shift.events("worker_ready")) == 1
        assert len(letters) == len(bodies)
        told = "\n".join(letter["reason"] for letter in letters)
        for reason in bodies.values():
            assert reason in told
        assert len(terminal.json("jobs", "list")) == 1

    # --- life -------------------------------------------------------------------------------------

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
    def test_a_worker_that_waits_leaves_at_a_signal(
        self, terminal: Terminal, url: str, number: signal.Signals
    ) -> None:
        with self.shift(terminal, url) as shift:
            assert shift.stop(number) == 0
            (died,) = shift.events("worker_ended")
            assert "stopped" in died["reason"]

    def test_a_step_that_runs_ends_before_the_worker_leaves(
        self, terminal: Terminal, url: str
    ) -> None:
        with ExitStack() as stack:
            shift = stack.enter_context(self.shift(terminal, url))
            job_id = terminal.type("enqueue", "slow", "--input", "1").stdout.strip()
            runs = terminal.directory / "runs-1"
            eventually("the step runs", lambda: _lines(runs), self.patience_s)
            shift.process.send_signal(signal.SIGTERM)
            eventually("it was asked to stop", lambda: shift.events("stopping"))
            (terminal.directory / "go-1").touch()
            assert shift.process.wait(30) == 0
            assert terminal.json("jobs", "show", job_id)["step_name"] == "end"
            stack.enter_context(self.shift(terminal, url))
            assert self.ends(terminal, job_id)["status"] == "completed"
            assert len(_lines(runs)) == 1

    def test_what_a_journal_cannot_do_is_said_so(self, terminal: Terminal) -> None:
        job_id = terminal.type("enqueue", "sums", "--input", "3").stdout.strip()
        for command in (
            ("jobs", "cancel", job_id),
            ("jobs", "retry", job_id, "--yes"),
            ("jobs", "prune", "--older-than", "0s", "--yes"),
            ("queues", "purge", "default", "--yes"),
        ):
            done = terminal.type(*command)
            assert done.exit_code == 2, done.output
            assert "is a journal, which is only written to and read" in done.stderr
            assert "Traceback" not in done.output

    @pytest.mark.filterwarnings("ignore:list_groups:DeprecationWarning")
    def test_the_other_commands_answer(self, terminal: Terminal) -> None:
        job_id = terminal.type("enqueue", "sums", "--input", "3").stdout.strip()
        (queue,) = terminal.json("queues", "list")
        assert (queue["queue"], queue["ready"]) == ("default", 1)
        workers = terminal.type("workers", "list", "--json")
        assert (workers.exit_code, json.loads(workers.stdout)) == (0, [])
        assert "cannot tell who works" in workers.stderr
        assert terminal.type("migrate").exit_code == 0
        assert terminal.type("jobs", "show", "nobody").exit_code == 3
        findings = terminal.json("doctor")["backends"]
        assert PROMISE in [one["detail"] for one in findings]
        assert [job["id"] for job in terminal.json("jobs", "list")] == [job_id]

    def test_an_id_of_ones_own_is_handed_in_once_it_has_begun(
        self, terminal: Terminal, url: str
    ) -> None:
        order = ("enqueue", "sums", "--input", "3", "--id", "order-17")
        with self.shift(terminal, url):
            assert terminal.type(*order, "--wait", "--timeout", "60s").stdout.strip() == "7"
            again = terminal.type(*order)
            assert (again.exit_code, again.stdout.strip()) == (0, "order-17")
            done = terminal.type("enqueue", "sums", "--input", "1", "--wait", "--timeout", "60s")
            assert done.stdout.strip() == "3"
        job = terminal.json("jobs", "show", "order-17")
        assert (job["status"], job["seq"]) == ("completed", 2)


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _any_runs(terminal: Terminal) -> bool:
    return any(terminal.directory.glob("runs-*"))


def _at_least(count: int, found: list[Any]) -> list[Any]:
    return found if len(found) >= count else []
