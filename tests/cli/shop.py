"""A small shop with an app of its own, for tests of the commands that look at jobs."""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ergate.app import Ergate
from ergate.cli.main import app as command_line
from ergate.jobs.job import Job

APP = r"""
from pathlib import Path

from ergate import AbortJob, Ergate, GoToStep, GoToStepPath, Job, Workflow


class Order(Job):
    customer: str = "nobody"


app = Ergate(job_type=Order)
order = Workflow("order")


def ran(step):
    with Path("ran.txt").open("a") as file:
        file.write(step + "\n")


@order.step
def fetch(n: int) -> int:
    ran("fetch")
    return n + 1


@order.step(paths=[GoToStepPath("ship", retval=int)])
def charge(n: int) -> int:
    ran("charge")
    if not Path("funds").exists():
        raise ValueError("no \x1b[2J\u202e funds")
    if n > 100:
        raise GoToStep("ship", n)
    return n * 10


@order.step
def pack(n: int) -> int:
    ran("pack")
    if Path("strike").exists():
        raise AbortJob("nobody packs")
    return n


@order.step
def ship(n: int) -> str:
    ran("ship")
    return f"shipped {n}"


app.register_workflow(order)
"""


class Shop:
    """A directory with an app, and the commands as somebody types them there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "app.py").write_text(APP)

    @property
    def app(self) -> Ergate[Job]:
        app: Ergate[Job] = importlib.import_module("app").app
        return app

    def order(self, n: int = 1, **wish: Any) -> str:
        """Hand in an order and return the job's id."""
        return str(self.app.enqueue("order", n, **wish).id)

    def job(self, job_id: str) -> Job:
        return self.app.get_job(job_id)

    def work(self) -> None:
        """Run what can run, with a real worker in this process."""
        self.app.run(burst=True)

    def fund(self) -> None:
        """Let charges succeed from now on."""
        (self.directory / "funds").touch()

    def ran(self) -> list[str]:
        """Return the steps that ran since this was asked last."""
        file = self.directory / "ran.txt"
        steps = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return steps

    def failed_order(self, n: int = 1) -> str:
        """Return the id of an order that could not be charged."""
        job_id = self.order(n)
        self.work()
        self.ran()
        return job_id

    def run(self, *words: str, code: int = 0, stdin: str | None = None) -> Result:
        """Run `ergate` with these words and check its exit code."""
        done = CliRunner().invoke(command_line, list(words), input=stdin, prog_name="ergate")
        assert done.exit_code == code, f"{done.exit_code}: {done.output} {done.exception!r}"
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        """Run `ergate` with these words and --json, and return the one document."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def damage(self, job_id: str, column: str, value: str) -> None:
        """Write an SQL value into a column of a job, as a damaged disk would."""
        with closing(sqlite3.connect(self.directory / ".ergate/ergate.db")) as database, database:
            database.execute(f"UPDATE jobs SET {column} = {value} WHERE id = ?", (job_id,))


def open_shop(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Open a shop in an empty directory; what it imported is forgotten at the end."""
    monkeypatch.chdir(directory)
    monkeypatch.syspath_prepend(directory)
    before, path = set(sys.modules), list(sys.path)
    shop = Shop(directory)
    yield shop
    if "app" in sys.modules:
        shop.app.close()
    for name in {"app", "myapp"} & (set(sys.modules) - before):
        del sys.modules[name]
    sys.path[:] = path
