"""What `ergate jobs` shows."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.jobs.status import JobStatus
from tests.cli.shop import Shop, open_shop

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def ids(jobs: list[dict[str, str]]) -> list[str]:
    return [job["id"] for job in jobs]


def test_the_list_shows_the_newest_job_first(shop: Shop) -> None:
    first, second = shop.order(), shop.order()
    lines = shop.run("jobs", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", second, first]


def test_an_empty_list_says_so_and_as_json_is_an_empty_array(shop: Shop) -> None:
    assert shop.run("jobs", "list").stdout.strip() == "No jobs."
    assert shop.json("jobs", "list") == []


def test_the_json_list_is_an_array_of_whole_jobs(shop: Shop) -> None:
    shop.order(3, context={"who": "é\x1b"}, fields={"customer": "ann"})
    (job,) = shop.json("jobs", "list")
    assert job == shop.job(job["id"]).model_dump(mode="json")
    assert job["customer"] == "ann"


def test_fields_of_the_apps_own_job_type_are_shown_where_the_app_is_missing(shop: Shop) -> None:
    job_id = shop.order(fields={"customer": "ann"})
    (shop.directory / "app.py").rename(shop.directory / "elsewhere.py")
    assert shop.json("jobs", "show", job_id)["customer"] == "ann"


def test_the_list_can_be_narrowed_by_status_workflow_queue_and_age(shop: Shop) -> None:
    failed = shop.failed_order()
    mails = shop.order(queue="mails")
    assert ids(shop.json("jobs", "list", "--status", "failed")) == [failed]
    assert ids(shop.json("jobs", "list", "--queue-name", "mails")) == [mails]
    assert ids(shop.json("jobs", "list", "--workflow", "order")) == [mails, failed]
    assert shop.json("jobs", "list", "--workflow", "other") == []
    assert ids(shop.json("jobs", "list", "--since", "1h")) == [mails, failed]
    assert shop.json("jobs", "list", "--since", "2999-01-01") == []


def test_a_list_that_was_cut_says_so(shop: Shop) -> None:
    shop.order()
    newest = shop.order()
    done = shop.run("jobs", "list", "--limit", "1", "--json")
    assert newest in done.stdout
    assert done.stderr == "These are the newest 1; --limit shows more.\n"


def test_an_unknown_status_is_a_wrong_usage_that_lists_the_known_ones(shop: Shop) -> None:
    done = shop.run("jobs", "list", "--status", "lost", code=2)
    assert all(status in done.stderr for status in JobStatus)


def test_one_job_is_shown_with_its_values_and_its_error(shop: Shop) -> None:
    job_id = shop.failed_order(5)
    text = shop.run("jobs", "show", job_id).stdout
    assert "failed" in text
    assert "ValueError: no \\x1b[2J\\u202e funds" in text
    assert shop.json("jobs", "show", job_id) == shop.job(job_id).model_dump(mode="json")


@pytest.mark.parametrize("verb", ["list", "show", "history", "wait", "watch"])
def test_nothing_that_comes_from_a_job_reaches_the_terminal_unescaped(
    shop: Shop, verb: str
) -> None:
    job_id = shop.order(context={"who": "\x1b[31m\u202e"})
    shop.work()
    words = ["jobs", verb] if verb == "list" else ["jobs", verb, job_id]
    code = 1 if verb in ("wait", "watch") else 0
    for options in ([], ["--json"]):
        done = shop.run(*words, *options, code=code)
        shown = done.stdout + done.stderr
        assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_the_history_tells_each_transition(shop: Shop) -> None:
    job_id = shop.failed_order(5)
    rows = shop.json("jobs", "history", job_id)
    assert [(row["event"], row["step_name"], row["next_step"]) for row in rows] == [
        ("submitted", "fetch", None),
        ("applied", "fetch", "charge"),
        ("failed", "charge", None),
    ]
    assert rows[1]["result"] == 6
    assert rows[2]["detail"]["type"] == "ValueError"
    text = shop.run("jobs", "history", job_id).stdout
    assert "fetch → charge" in text
    assert "returned 6" in text


@pytest.mark.parametrize("verb", ["show", "history", "watch", "wait", "cancel", "retry"])
def test_an_unknown_id_ends_with_3_and_the_next_step(shop: Shop, verb: str) -> None:
    done = shop.run("jobs", verb, NOBODY, code=3)
    assert NOBODY in done.stderr
    assert "ergate jobs list" in done.stderr


def test_a_store_that_cannot_be_opened_ends_with_4(shop: Shop) -> None:
    done = shop.run("jobs", "list", "--state", "sqlite:////proc/nowhere/jobs.db", code=4)
    assert "/proc/nowhere/jobs.db" in done.stderr


def test_memory_cannot_be_looked_into_from_outside(shop: Shop) -> None:
    assert "sqlite" in shop.run("jobs", "list", "--state", "memory", code=2).stderr


def test_waiting_prints_the_result_as_json(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order(1)
    shop.work()
    assert shop.run("jobs", "wait", job_id).stdout == '"shipped 20"\n'
    assert shop.json("jobs", "wait", job_id)["status"] == "completed"


def test_waiting_for_a_failed_job_ends_with_1_and_the_error(shop: Shop) -> None:
    done = shop.run("jobs", "wait", shop.failed_order(), code=1)
    assert done.stdout == ""
    assert 'failed in step "charge": ValueError' in done.stderr


def test_waiting_ends_with_1_when_the_time_is_over(shop: Shop) -> None:
    done = shop.run("jobs", "wait", shop.order(), "--timeout", "10ms", code=1)
    assert "still queued" in done.stderr


def test_watching_prints_a_line_for_each_step_until_the_end(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order(1)
    command = [str(Path(sys.executable).with_name("ergate")), "jobs", "watch", job_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        first = watcher.stdout.readline()
        shop.work()
        rest = watcher.stdout.read()
    assert "submitted" in first
    assert [line.split("  ")[2] for line in rest.splitlines() if "  applied  " in line] == [
        "fetch → charge",
        "charge → pack",
        "pack → ship",
        "ship",
    ]
    assert watcher.returncode == 0


def test_watching_a_job_that_failed_ends_with_1(shop: Shop) -> None:
    job_id = shop.failed_order()
    done = shop.run("jobs", "watch", job_id, code=1)
    assert "failed" in done.stdout
    assert shop.json("jobs", "watch", job_id, code=1)["id"] == job_id


def test_on_a_terminal_a_job_is_watched_live(shop: Shop) -> None:
    job_id = shop.failed_order()
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("ergate")), "jobs", "watch", job_id]
    environ = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as done:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # how a terminal tells that nobody writes any more
            while part := os.read(ours, 10_000):
                seen += part
    os.close(ours)
    assert done.returncode == 1
    assert "░ 25%".encode() in seen
    assert rb"no \x1b[2J\u202e funds" in seen
    assert "\u202e".encode() not in seen
