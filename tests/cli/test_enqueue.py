"""`ergate enqueue`: what is handed in, what is refused, and what is waited for."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.cli import waiting
from tests.cli.terminal import PATIENCE_S, Terminal, open_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield from open_terminal(tmp_path, monkeypatch)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.write("app.py")
    return terminal


def test_it_prints_the_id_of_the_stored_job(shop: Terminal) -> None:
    job_id = shop.type("enqueue", "sums", "--input", "20").stdout.strip()
    (job,) = shop.json("jobs", "list")
    assert (job["id"], job["initial_input_value"], job["status"]) == (job_id, 20, "queued")


def test_json_prints_the_whole_job(shop: Terminal) -> None:
    job = shop.json(
        "enqueue", "sums", "--input", "1", "--context", '{"by": "me"}', "--priority", "-2",
        "--queue-name", "slow", "--id", "order-1",
    )  # fmt: skip
    assert {name: job[name] for name in ("id", "priority", "queue", "user_context")} == {
        "id": "order-1",
        "priority": -2,
        "queue": "slow",
        "user_context": {"by": "me"},
    }


def test_the_same_id_again_changes_nothing(shop: Terminal) -> None:
    shop.type("enqueue", "sums", "--input", "1", "--id", "one")
    again = shop.json("enqueue", "sums", "--input", "2", "--id", "one")
    assert again["initial_input_value"] == 1
    assert len(shop.json("jobs", "list")) == 1


def test_wait_prints_the_result_and_nothing_else(shop: Terminal) -> None:
    waits = shop.start("enqueue", "sums", "--input", "20", "--wait")
    assert waits.stderr is not None
    assert "no worker serves" in waits.stderr.readline()  # now the job is stored
    shop.burst()
    out, _ = waits.communicate(timeout=PATIENCE_S)
    assert (out, waits.returncode) == ("41\n", 0)


def test_wait_for_a_failed_job_ends_with_1_and_its_error(shop: Terminal) -> None:
    job_id = shop.type("enqueue", "sums", "--input", "-1").stdout.strip()
    shop.burst()
    done = shop.type("enqueue", "sums", "--input", "-1", "--id", job_id, "--wait")
    assert (done.stdout, done.exit_code) == ("", 1)
    assert f'Job {job_id} failed in step "double": ValueError: no \\x1b[2J less' in done.stderr
    assert f"ergate jobs show {job_id}" in done.stderr


def test_wait_gives_up_after_the_timeout_and_leaves_the_job_alone(shop: Terminal) -> None:
    done = shop.type("enqueue", "sums", "--input", "1", "--id", "x", "--wait", "--timeout", "10ms")
    assert (done.stdout, done.exit_code) == ("", 1)
    assert "still queued after 0.01 s" in done.stderr
    assert "ergate jobs watch x" in done.stderr
    assert [job["status"] for job in shop.json("jobs", "list")] == ["queued"]


def test_ctrl_c_while_waiting_leaves_the_job_alone_and_says_how_to_watch_it(
    shop: Terminal,
) -> None:
    waits = shop.start("enqueue", "sums", "--input", "20", "--id", "x", "--wait")
    assert waits.stderr is not None
    waits.stderr.readline()
    waits.send_signal(signal.SIGINT)
    out, err = waits.communicate(timeout=PATIENCE_S)
    assert (out, waits.returncode) == ("", waiting.INTERRUPTED)
    assert "ergate jobs watch x" in err
    assert [job["status"] for job in shop.json("jobs", "list")] == ["queued"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sum", "--input", "1"], 3, 'Did you mean "sums"?'),
        (["sums", "--input", '"x"'], 2, 'does not fit step "double" (n: int)'),
        (["sums"], 2, "does not fit step"),
        (["sums", "--input", "hello"], 2, "--input: 'hello' is no JSON"),
        (["sums", "--input", "NaN"], 2, "NaN is not a JSON value"),
        (["sums", "--input", "[" * 100 + "]" * 100], 2, "nested deeper than 64 levels"),
        (["sums", "--input", "@none.json"], 2, "none.json cannot be read: No such file"),
        (["sums", "--input", "1", "--at", "tomorrow"], 2, '"tomorrow" is no time'),
        (["sums", "--input", "1", "--in", "soon"], 2, '"soon" is no duration'),
        (["sums", "--input", "1", "--at", "2030-01-01", "--in", "5m"], 2, "not both"),
        (["sums", "--from", "x", "--input", "1"], 2, "--input is for one job"),
        (["sums", "--input", "1", "--skip", "3"], 2, "--skip leaves out lines of --from"),
        (["sums", "--input", "1", "--timeout", "3"], 2, "--timeout says how long to --wait"),
        (["sums", "--input", "1", "--queue", "memory"], 2, "memory of one process"),
        (["sums", "--input", "1", "--queue", "redsi"], 2, 'Did you mean "redis"?'),
        (["sums", "--input", "1", "--state", "sqlite:////proc/no/x.db"], 4, "/proc/no/x.db"),
        (["sums", "--input", "1", "--app", "app:ap"], 2, "Did you mean app:app?"),
    ],
)
def test_a_mistake_is_explained_without_a_traceback(
    shop: Terminal, arguments: list[str], code: int, said: str
) -> None:
    done = shop.type("enqueue", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_input_of_two_mebibytes_is_refused(shop: Terminal) -> None:
    shop.write("big.json", json.dumps("x" * 2**21))
    done = shop.type("enqueue", "sums", "--input", "@big.json")
    assert done.exit_code == 2
    assert "at most 1,048,576 can be stored" in done.stderr


def test_the_input_may_come_from_a_file_or_from_standard_input(shop: Terminal) -> None:
    shop.write("n.json", "7")
    shop.type("enqueue", "sums", "--input", "@n.json")
    shop.type("enqueue", "sums", "--input", "-", given="8\n")
    assert sorted(job["initial_input_value"] for job in shop.json("jobs", "list")) == [7, 8]


def test_a_time_without_a_zone_is_local(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-02:00")  # POSIX: two hours east of Greenwich
    time.tzset()
    try:
        job = shop.json("enqueue", "sums", "--input", "1", "--at", "2130-01-01T09:00")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (job["status"], job["due_at"]) == ("scheduled", "2130-01-01T07:00:00Z")


# --- without the app ------------------------------------------------------------------------------


def test_without_an_app_the_job_is_stored_unchecked_and_only_verbose_says_so(
    terminal: Terminal,
) -> None:
    done = terminal.type("enqueue", "any", "--input", '"x"')
    assert (done.exit_code, done.stderr) == (0, "")
    told = terminal.type("enqueue", "any", "--input", '"x"', "-v")
    assert "Going on without an app" in told.stderr
    assert len(terminal.json("jobs", "list")) == 2


def test_a_broken_app_is_told_because_it_may_have_named_another_store(terminal: Terminal) -> None:
    terminal.write("app.py", "1 / 0")
    done = terminal.type("enqueue", "any")
    assert done.exit_code == 0
    assert "going on without the app" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_what_the_app_prints_while_it_is_loaded_does_not_disturb_the_result(
    terminal: Terminal,
) -> None:
    terminal.write("app.py", "print('loading')\nfrom ergate import Ergate\napp = Ergate()")
    done = terminal.type("enqueue", "any")
    assert done.exit_code == 3  # the app knows no workflow
    assert done.stdout == ""


# --- many -----------------------------------------------------------------------------------------


def test_from_hands_in_one_job_for_each_line_that_is_not_empty(shop: Terminal) -> None:
    shop.write("many.jsonl", "\ufeff1\n\n2\n3")
    done = shop.type("enqueue", "sums", "--from", "many.jsonl", "--queue-name", "slow")
    assert (done.exit_code, done.stdout) == (0, "3 jobs accepted.\n")
    jobs = shop.json("jobs", "list")
    assert sorted((job["initial_input_value"], job["queue"]) for job in jobs) == [
        (1, "slow"),
        (2, "slow"),
        (3, "slow"),
    ]


def test_from_standard_input_with_json_tells_how_many(shop: Terminal) -> None:
    done = shop.type("enqueue", "sums", "--from", "-", "--json", given="1\n2\n\n")
    assert json.loads(done.stdout) == {"accepted": 2, "lines": 3}


def test_a_bad_line_is_named_and_the_rest_can_be_handed_in_later(shop: Terminal) -> None:
    good = "".join(f"{n}\n" for n in range(700))
    shop.write("many.jsonl", good + '"x"\n1\n')
    done = shop.type("enqueue", "sums", "--from", "many.jsonl")
    assert done.exit_code == 2
    assert "Line 701: The input does not fit" in done.stderr
    assert "500 jobs were accepted; go on after them with: --skip 500" in done.stderr
    shop.write("many.jsonl", good + "5\n1\n")
    again = shop.type("enqueue", "sums", "--from", "many.jsonl", "--skip", "500")
    assert again.stdout == "202 jobs accepted.\n"
    assert len(shop.json("jobs", "list", "--limit", "1000")) == 702


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1\nx\n", "Line 2: The input is not JSON"),
        (b"1\n\xff\n", "line 2 of many.jsonl: it is no UTF-8 text"),
    ],
)
def test_a_line_that_cannot_be_read_ends_it_before_anything_is_accepted(
    shop: Terminal, text: bytes, said: str
) -> None:
    (shop.directory / "many.jsonl").write_bytes(text)
    done = shop.type("enqueue", "sums", "--from", "many.jsonl")
    assert done.exit_code == 2
    assert said in done.stderr
    assert "No job was accepted." in done.stderr
    assert shop.json("jobs", "list") == []


def test_an_unknown_workflow_is_told_before_any_line_is_read(shop: Terminal) -> None:
    done = shop.type("enqueue", "nope", "--from", "not-there.jsonl")
    assert done.exit_code == 3
