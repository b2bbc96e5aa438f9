"""What the tests of whole systems share: a SQLite file, and apps written for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from ergate.testing.scene import Addresses, Scene

WriteApp = Callable[[str], str]

HEAD = """
import asyncio, os, sys, time
from pathlib import Path
from typing import Annotated
from ergate import CurrentJob, Ergate, ErgateSignal, Job, Workflow
from ergate.jobs.retry import Retry
from ergate.testing.crash_app import gated, healthy, pass_gate, trace

Current = Annotated[Job, CurrentJob()]
app = Ergate()
app.register_workflow(gated)
app.register_workflow(healthy)
"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A fresh SQLite file, and everything that happens to it."""
    address = Addresses(state_store=f"sqlite:///{tmp_path / 'jobs.db'}")
    with closing(Scene(address, tmp_path, None)) as scene:
        yield scene


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Write a file with an app that has `gated`, `healthy` and what is given; return its target."""

    def write(source: str) -> str:
        (tmp_path / "written.py").write_text(HEAD + dedent(source))
        return f"{tmp_path / 'written.py'}:app"

    return write
