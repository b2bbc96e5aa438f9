"""What `ergate jobs` changes: cancel, retry, prune."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.jobs.status import JobStatus
from tests.cli.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


# --- cancel ---------------------------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once(shop: Shop) -> None:
    job_id = shop.order()
    assert shop.run("jobs", "cancel", job_id).stdout == f"{job_id} cancelled\n"
    assert shop.job(job_id).status is JobStatus.CANCELLED


def test_what_cannot_be_cancelled_does_not_keep_the_others_from_it(shop: Shop) -> None:
    job_id = shop.order()
    done = shop.run("jobs", "cancel", "nobody", job_id, code=3)
    assert "nobody" in done.stderr
    assert shop.job(job_id).status is JobStatus.CANCELLED


def test_an_ended_job_cannot_be_cancelled(shop: Shop) -> None:
    assert "already failed" in shop.run("jobs", "cancel", shop.failed_order(), code=2).stderr


# --- retry ----------------------------------------------------------------------------------------


def test_a_failed_job_runs_again_from_the_step_at_which_it_failed(shop: Shop) -> None:
    job_id = shop.failed_order(1)
    shop.fund()
    assert shop.run("jobs", "retry", job_id, "--yes").stdout == f"{job_id} queued\n"
    shop.work()
    assert shop.ran() == ["charge", "pack", "ship"]
    assert shop.job(job_id).last_return_value == "shipped 20"
    assert shop.job(job_id).percent_completed == 100.0


def test_from_an_earlier_step_the_results_before_it_are_kept(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order(1)
    shop.work()
    shop.ran()
    after = shop.json("jobs", "retry", job_id, "--from-step", "pack", "--yes")
    assert (after["step_name"], after["steps_completed"], after["percent_completed"]) == (
        "pack",
        2,
        50.0,
    )
    shop.work()
    assert shop.ran() == ["pack", "ship"]
    assert shop.job(job_id).last_return_value == "shipped 20"


def test_an_edited_input_replaces_what_the_step_got(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order(1)
    shop.work()
    shop.run("jobs", "retry", job_id, "--from-step", "pack", "--input", "7", "--yes")
    shop.work()
    assert shop.job(job_id).last_return_value == "shipped 7"


def test_an_edited_input_of_the_first_step_becomes_the_jobs_input(shop: Shop) -> None:
    job_id = shop.failed_order(1)
    shop.fund()
    (shop.directory / "n.json").write_text("3")
    shop.run("jobs", "retry", job_id, "--from-step", "fetch", "--input", "@n.json", "--yes")
    shop.work()
    assert shop.job(job_id).initial_input_value == 3
    assert shop.job(job_id).last_return_value == "shipped 40"


def test_an_input_of_the_wrong_type_is_refused_and_changes_nothing(shop: Shop) -> None:
    job_id = shop.failed_order()
    before = shop.job(job_id)
    done = shop.run("jobs", "retry", job_id, "--input", '"much"', "--yes", code=2)
    assert 'does not fit step "charge" (n: int)' in done.stderr
    assert shop.job(job_id) == before


def test_a_dry_run_shows_what_would_happen_and_changes_nothing(shop: Shop) -> None:
    job_id = shop.failed_order(1)
    before = shop.job(job_id)
    assert shop.json("jobs", "retry", job_id, "--dry-run") == {
        "job_id": job_id,
        "from_step": "charge",
        "input": 2,
        "input_edited": False,
        "kept": [{"step": "fetch", "result": 2}],
        "again": ["charge"],
        "ahead": ["pack", "ship"],
        "steps_completed": 1,
        "percent_completed": 25.0,
    }
    text = shop.run("jobs", "retry", job_id, "--dry-run", "--input", "9").stdout
    lines = [line.split() for line in text.splitlines()[2:]]
    assert lines == [
        ["kept", "fetch", "returned", "2"],
        ["again", "charge", "edited", "input", "9"],
        ["may", "follow", "pack"],
        ["may", "follow", "ship"],
    ]
    assert shop.job(job_id) == before


def test_a_step_that_was_jumped_over_was_never_reached(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order(500)
    shop.work()
    done = shop.run("jobs", "retry", job_id, "--from-step", "pack", "--yes", code=3)
    assert 'never reached step "pack"' in done.stderr
    assert "fetch, charge, ship" in done.stderr
    plan = shop.json("jobs", "retry", job_id, "--from-step", "ship", "--dry-run")
    assert (plan["input"], [one["step"] for one in plan["kept"]]) == (501, ["fetch", "charge"])


def test_a_step_that_the_workflow_does_not_have_is_told_with_the_near_miss(shop: Shop) -> None:
    done = shop.run("jobs", "retry", shop.failed_order(), "--from-step", "chrge", code=3)
    assert 'Did you mean "charge"?' in done.stderr


def test_a_completed_job_wants_to_know_from_which_step(shop: Shop) -> None:
    shop.fund()
    job_id = shop.order()
    shop.work()
    done = shop.run("jobs", "retry", job_id, "--yes", code=2)
    assert "--from-step" in done.stderr
    assert "fetch, charge, pack, ship" in done.stderr


def test_a_job_that_has_not_ended_cannot_run_again(shop: Shop) -> None:
    done = shop.run("jobs", "retry", shop.order(), "--yes", code=2)
    assert "is queued" in done.stderr


def test_an_aborted_job_and_a_cancelled_one_can_run_again(shop: Shop) -> None:
    shop.fund()
    (shop.directory / "strike").touch()
    aborted = shop.order(1)
    shop.work()
    cancelled = shop.order(2)
    shop.run("jobs", "cancel", cancelled)
    (shop.directory / "strike").unlink()
    shop.run("jobs", "retry", aborted, "--yes")
    shop.run("jobs", "retry", cancelled, "--yes")
    shop.work()
    assert [shop.job(one).last_return_value for one in (aborted, cancelled)] == [
        "shipped 20",
        "shipped 30",
    ]


def test_without_the_app_the_history_is_enough(shop: Shop) -> None:
    job_id = shop.failed_order(1)
    shop.fund()
    shop.app.close()
    (shop.directory / "app.py").rename(shop.directory / "elsewhere.py")
    shop.run("jobs", "retry", job_id, "--from-step", "fetch", "--yes")
    (shop.directory / "elsewhere.py").rename(shop.directory / "app.py")
    shop.work()
    assert shop.ran() == ["fetch", "charge", "pack", "ship"]
    assert shop.job(job_id).last_return_value == "shipped 20"


def test_a_retry_where_nobody_can_be_asked_needs_yes(shop: Shop) -> None:
    job_id = shop.failed_order()
    done = shop.run("jobs", "retry", job_id, code=2)
    assert "--yes" in done.stderr
    assert shop.job(job_id).status is JobStatus.FAILED


@pytest.mark.parametrize(("answer", "code", "status"), [("y", 0, "queued"), ("n", 1, "failed")])
def test_on_a_terminal_a_retry_asks_first(shop: Shop, answer: str, code: int, status: str) -> None:
    job_id = shop.failed_order()
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("ergate")), "jobs", "retry", job_id]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as asking:
        os.close(theirs)
        seen = b""
        while b"Go on?" not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, f"{answer}\n".encode())
        assert asking.wait(30) == code
    os.close(ours)
    assert b"would run charge again" in seen
    assert shop.job(job_id).status == status


# --- prune ----------------------------------------------------------------------------------------


def test_pruning_deletes_ended_jobs_that_are_old_enough(shop: Shop) -> None:
    failed, waiting = shop.failed_order(), shop.order()
    assert shop.json("jobs", "prune", "--yes") == {"deleted": 0}
    assert shop.json("jobs", "prune", "--older-than", "0s", "--yes") == {"deleted": 1}
    shop.run("jobs", "show", failed, code=3)
    shop.run("jobs", "history", failed, code=3)
    shop.run("jobs", "show", waiting)


def test_a_dry_run_of_pruning_only_counts(shop: Shop) -> None:
    failed = shop.failed_order()
    done = shop.run("jobs", "prune", "--older-than", "0s", "--dry-run")
    assert done.stdout == "1 job would be deleted\n"
    shop.run("jobs", "show", failed)


def test_pruning_needs_yes_where_nobody_can_be_asked(shop: Shop) -> None:
    failed = shop.failed_order()
    assert "--yes" in shop.run("jobs", "prune", "--older-than", "0s", code=2).stderr
    shop.run("jobs", "show", failed)


def test_pruning_can_be_limited_to_a_status_that_is_an_end(shop: Shop) -> None:
    shop.failed_order()
    words = ("jobs", "prune", "--older-than", "0s", "--yes", "--status")
    assert shop.json(*words, "cancelled") == {"deleted": 0}
    assert "running is no end" in shop.run(*words, "running", code=2).stderr
    assert shop.json(*words, "failed") == {"deleted": 1}


def test_what_is_kept_for_ever_is_only_deleted_with_an_age(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERGATE_RETENTION_S", "none")
    assert "--older-than" in shop.run("jobs", "prune", "--yes", code=2).stderr


def test_orders_print_one_json_document(shop: Shop) -> None:
    job_id = shop.order()
    (cancelled,) = json.loads(shop.run("jobs", "cancel", job_id, "--json").stdout)
    assert cancelled["status"] == "cancelled"
