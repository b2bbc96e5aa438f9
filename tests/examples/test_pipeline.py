"""The pipeline of `make demo` gives the same report whatever happens on the way."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ergate import Ergate, JobStatus
from ergate.loading import load_app
from ergate.testing import Harness

PIPELINE = Path(__file__).resolve().parents[2] / "examples/pipeline"
DEMO = [sys.executable, str(PIPELINE / "demo.py")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a directory with three text files, two of them twins, and things to leave out."""
    root = tmp_path / "tree"
    (root / "deep/er").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "one.txt").write_text("Der Wurm und der Apfel\n")
    (root / "deep/two.txt").write_text("und noch ein Wurm\nund noch einer")
    (root / "deep/er/three.md").write_text("Der Wurm und der Apfel\n")
    (root / "picture.png").write_bytes(b"\x89PNG\0\0")
    (root / ".hidden/four.txt").write_text("nobody reads this")
    (root / "link.txt").symlink_to(root / "one.txt")
    return root


def report(out: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((out / "report.json").read_text())
    return found


def run_demo(
    *arguments: str | Path, failpoint: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | ({"ERGATE_FAILPOINT": failpoint} if failpoint else {}),
        timeout=60,
        check=False,
    )


def in_process(root: Path, out: Path, files: list[Path]) -> list[JobStatus]:
    """Run all jobs in this process; return how they ended."""
    app = load_app(f"{PIPELINE}/app.py:app", Ergate)
    context = {"out": out, "root": root, "parts": {0: len(files)}}
    with Harness(app, raise_errors=True) as harness:
        jobs = [
            harness.enqueue("index_file", {"path": file, "part": 0}, context=context)
            for file in files
        ]
        harness.run_until_idle()
        return [harness.job(job_id).status for job_id in [*(job.id for job in jobs), "report"]]


def test_the_demo_ends_by_itself_without_a_terminal(tree: Path, tmp_path: Path) -> None:
    done = run_demo(tree, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Jobs      7 completed · 0 failed" in done.stdout
    assert "3 text files in" in done.stdout


def test_the_demo_counts_every_text_file_once(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_demo(tree, "--out", out).returncode == 0
    figures = {name: report(out)[name] for name in ("files", "unreadable", "lines", "words")}
    assert figures == {"files": 3, "unreadable": 0, "lines": 4, "words": 17}
    index = json.loads((out / "index.json").read_text())
    assert index["und"] == {
        str(tree / "one.txt"): 1,
        str(tree / "deep/two.txt"): 2,
        str(tree / "deep/er/three.md"): 1,
    }


def test_the_demo_draws_on_a_terminal_and_ends_by_itself(tree: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*DEMO, str(tree), "--out", str(tmp_path / "out")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8"},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := _read(ours):
            shown += chunk
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "Jobs      7 completed · 0 failed" in shown.decode()
    assert b"\x1b[" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize(
    ("make", "status", "message"),
    [
        (False, 2, "is not a directory"),
        (True, 3, "There is no text file in"),
    ],
    ids=["missing", "empty"],
)
def test_the_demo_refuses_what_it_cannot_index(
    tmp_path: Path, make: bool, status: int, message: str
) -> None:
    place = tmp_path / "place"
    if make:
        place.mkdir()
    done = run_demo(place)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr


@pytest.mark.parametrize("failpoint", ["after_claim", "before_step:3", "after_step:2"])
def test_a_killed_worker_changes_nothing_in_the_report(
    tree: Path, tmp_path: Path, failpoint: str
) -> None:
    out, killed = tmp_path / "out", tmp_path / "killed"
    done = run_demo(tree, "--out", out, failpoint=f"{failpoint}@{killed}")
    assert killed.exists()
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 completed · 0 failed" in done.stdout
    assert "1 worker death" in done.stdout
    assert (report(out)["files"], report(out)["words"]) == (3, 17)


def test_steps_that_all_run_again_change_nothing(tree: Path, tmp_path: Path) -> None:
    out, files = tmp_path / "out", sorted(tree.glob("**/*.[tm][xd]*"))
    in_process(tree, out, files)
    first = {file: file.read_bytes() for file in out.rglob("*.json")}
    in_process(tree, out, files)
    assert {file: file.read_bytes() for file in out.rglob("*.json")} == first


def test_a_file_that_vanished_is_told_and_stops_nothing(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = in_process(tree, out, [tree / "one.txt", tree / "gone.txt"])
    assert ended == [JobStatus.COMPLETED] * 3
    assert (report(out)["files"], report(out)["unreadable"]) == (2, 1)
    assert "1 could not be read" in (out / "report.txt").read_text()
