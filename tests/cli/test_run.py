"""`ergate run`: what it prints, how it stops, what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.cli.run import source_directory
from tests.cli.terminal import APP, PATIENCE_S, Terminal, open_terminal

HANDS_IN = """
import contextlib

from ergate import Ergate, Workflow

workflow = Workflow("sums")


@workflow.step
def double(n: int) -> None:
    print("doubled", 2 * n)


@contextlib.contextmanager
def lifespan(app):
    app.enqueue("sums", 21)
    yield


app = Ergate(lifespan=lifespan)
app.register_workflow(workflow)
"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.write("app.py")
    return terminal


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """Return the first line that the process prints with `text` in it."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended without {text!r}: {process.communicate()}")


def test_burst_runs_what_there_is_and_ends_with_a_summary(shop: Terminal) -> None:
    shop.type("enqueue", "sums", "--input", "1")
    shop.type("enqueue", "sums", "--input", "-1")
    printed = shop.burst("--processes", "2")
    assert "L2 (survives power loss)" in printed
    assert "no accepted job is lost" in printed
    assert "adding to 2" in printed  # what a step prints goes where workers print
    assert "1 completed · 1 failed" in printed


def test_json_lines_are_one_document_each(shop: Terminal) -> None:
    printed = shop.burst("--log-format", "json")
    names = [json.loads(line)["event"] for line in printed.splitlines()]
    assert (names[0], names[-2:]) == ("run_started", ["run_ended", "summary"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_an_idle_run_within_a_second_with_exit_code_0(
    shop: Terminal, number: signal.Signals
) -> None:
    run = shop.start("run")
    line_with(run, "Worker ready")
    before = time.monotonic()
    run.send_signal(number)
    _, err = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, err) == (0, "")
    assert time.monotonic() - before < 1


def test_a_second_signal_stops_at_once(terminal: Terminal) -> None:
    terminal.write("app.py", APP.replace("return 2 * n", "import time; time.sleep(600)"))
    terminal.type("enqueue", "sums", "--input", "1")
    run = terminal.start("run", "--log-level", "debug")
    line_with(run, "1 step running")
    run.send_signal(signal.SIGINT)
    line_with(run, "Stopping")
    before = time.monotonic()
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - before < 10


def test_memory_runs_in_this_process_and_says_who_can_hand_in_jobs(terminal: Terminal) -> None:
    terminal.write("app.py", HANDS_IN)
    run = terminal.start("run", "--queue", "memory", "--burst")
    out, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0
    assert "doubled 42" in out
    assert "Only the app itself can hand them in" in err


def test_an_app_may_be_made_by_a_function(terminal: Terminal) -> None:
    terminal.write("shop.py", APP + "\n\ndef make():\n    return app\n")
    assert "0 completed" in terminal.burst("shop:make")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--queue", "memory", "--processes", "2"], 2, "in the memory of one process"),
        (["--queue", "memory", "--reload"], 2, "--reload replaces worker processes"),
        (["--queue", "redsi"], 2, 'Did you mean "redis"?'),
        (["--queue", "nope"], 2, "Known: kafka, memory, postgres, rabbitmq, redis, sqlite"),
        (["--state", "sqlite:////proc/no/x.db"], 4, "/proc/no/x.db"),
        (["--processes", "0"], 2, "flag --processes: '0'"),
        (["--grace", "soon"], 2, "flag --grace: 'soon'"),
        (["--log-level", "loud"], 2, "flag --log-level: 'loud'"),
        (["--profile", "prod"], 2, 'There is no profile "prod"'),
    ],
)
def test_what_cannot_be_run_is_explained_without_a_traceback(
    shop: Terminal, arguments: list[str], code: int, said: str
) -> None:
    done = shop.type("run", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_app_it_runs_declared_workflows_and_says_how_to_name_one(
    terminal: Terminal,
) -> None:
    definition = {"name": "nothing", "operations": [{"name": "end", "type": "succeed"}]}
    terminal.write("workflow-nothing.json", json.dumps(definition))
    terminal.write("ergate.toml", 'definitions = "."')
    printed = terminal.burst("--log-format", "json")
    assert json.loads(printed.splitlines()[0])["workflows"] == ["nothing"]
    terminal.type("enqueue", "nothing", "--input", "{}")
    done = terminal.type("run", "--burst")
    assert done.exit_code == 0
    assert "only declared workflows are run" in done.stderr
    assert "Name it, as in myapp:app" in done.stderr
    assert [job["status"] for job in terminal.json("jobs", "list")] == ["completed"]


def test_without_any_app_there_is_nothing_to_reload(terminal: Terminal) -> None:
    done = terminal.type("run", "--reload")
    assert (done.exit_code, "--reload loads an app again" in done.stderr) == (2, True)


def test_a_definition_with_a_fault_starts_nothing(shop: Terminal) -> None:
    shop.write("service-broken.json", '{"name": "broken"}')
    shop.write("ergate.toml", 'definitions = "."')
    done = shop.type("run", "--burst")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "service-broken.json" in done.stderr
    assert "address: is missing" in done.stderr


def test_a_credential_that_cannot_be_starts_nothing(shop: Terminal) -> None:
    shop.write("ergate.toml", '[credentials.pay]\ntype = "bearer"\ntoken = "s3cr3t-text"')
    done = shop.type("run", "--burst")
    assert (done.exit_code, "needs hosts" in done.stderr) == (2, True)
    assert "s3cr3t" not in done.stderr


def test_a_changed_file_loads_the_app_again_and_a_broken_one_does_not_end_the_run(
    shop: Terminal,
) -> None:
    run = shop.start("run", "--reload", PYTHONDONTWRITEBYTECODE="1")
    line_with(run, "Worker ready")
    shop.write("app.py", "this is no Python")
    line_with(run, "the next save tries again")
    shop.write("app.py", APP.replace("return n + 1", "return n + 1000"))
    line_with(run, "Worker ready")
    done = shop.start("enqueue", "sums", "--input", "1", "--wait")
    out, _ = done.communicate(timeout=PATIENCE_S)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=PATIENCE_S)
    assert (out, run.returncode) == ("1002\n", 0)
    assert "SyntaxError" in err


def test_reload_watches_the_directory_of_the_app(terminal: Terminal) -> None:
    package = terminal.directory / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    terminal.write("shop/main.py")
    terminal.type("doctor", "--app", "shop.main:app")  # loads it
    assert source_directory("shop.main:app") == package
    assert source_directory("shop/main.py:app") == package
