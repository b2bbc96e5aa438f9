"""A backend that Ergate does not know is found by its entry point and keeps every promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_it_passes_the_public_conformance_suite_from_outside(custom_backend: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", "pyproject.toml")
    done = run("-m", "pytest", *options, "tests", directory=custom_backend)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


def test_its_name_is_found_by_its_entry_point(custom_backend: Path, tmp_path: Path) -> None:
    program = (
        "from ergate.plugins.manager import installed_plugins\n"
        "found = installed_plugins().registry.find('journal')\n"
        "print(found.name, found.level)"
    )
    done = run("-c", program, directory=tmp_path)
    assert (done.stdout, done.stderr) == ("journal L1\n", "")


def test_jobs_survive_a_killed_worker(custom_backend: Path, tmp_path: Path) -> None:
    """The first run dies inside of its first step; the second one finishes all jobs."""
    app = (custom_backend / "app.py").read_text()
    first = app.replace("    return f", "    import os; os._exit(9)\n    return f")
    second = app.replace('    app.enqueue_many("order", [1, 2, 3])\n', "")
    assert first != app != second
    (tmp_path / "first.py").write_text(first)
    (tmp_path / "second.py").write_text(second)
    assert run("first.py", directory=tmp_path).returncode == 9
    done = run("second.py", directory=tmp_path)
    lines = sorted(done.stdout.splitlines())
    assert lines == [f"order {n} is paid, and shipped" for n in (1, 2, 3)]
