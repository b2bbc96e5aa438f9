"""What a supervisor knows of one worker process: its lines, its life, and who is to blame."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ergate.settings import Settings
from ergate.supervisor.child import Child, Lines
from ergate.supervisor.host import dead_here, host_key, is_alive, start_time
from ergate.testing.fleet import eventually


@pytest.fixture
def child() -> Iterator[Child]:
    """A worker process that waits to be told what to run."""
    child = Child.start(0, Settings(), capture=False)
    yield child
    with suppress(ProcessLookupError):
        child.process.kill()
    child.process.wait()
    child.close()


def end(child: Child, number: signal.Signals) -> None:
    child.process.send_signal(number)
    child.process.wait(10)


def test_a_process_that_dies_by_itself_is_to_blame(child: Child) -> None:
    end(child, signal.SIGKILL)
    assert (child.is_blamed, child.exit_reason()) == (True, "killed by SIGKILL")


def test_a_process_that_was_asked_to_leave_and_said_goodbye_is_not(child: Child) -> None:
    child.ask_to_leave("replaced", time.monotonic() + 10)
    child.has_left = True
    child.process.wait(10)
    assert not child.is_blamed


def test_a_process_that_was_asked_to_leave_before_it_could_listen_is_not(child: Child) -> None:
    child.ask_to_leave("stopped", time.monotonic() + 10)
    child.process.wait(10)
    assert not child.is_blamed


def test_a_process_that_crashes_while_it_should_leave_is_to_blame(child: Child) -> None:
    child.end_reason = "stopped"
    end(child, signal.SIGSEGV)
    assert child.is_blamed


@pytest.mark.parametrize("blames", [True, False])
def test_a_process_that_the_supervisor_killed_is_to_blame_as_the_supervisor_says(
    child: Child, blames: bool
) -> None:
    child.kill("it hung", blames=blames)
    child.process.wait(10)
    assert child.is_blamed is blames


def test_a_process_that_was_stopped_shows_no_life(child: Child) -> None:
    assert child.shows_life(60)
    child.process.send_signal(signal.SIGSTOP)
    eventually("it shows no life", lambda: not child.shows_life(0), 10)


def test_a_process_that_only_computes_shows_life(child: Child) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        idle, child.process = child.process, busy
        eventually("it shows life", lambda: child.shows_life(0), 10)
    finally:
        child.process = idle
        busy.kill()
        busy.wait()


def test_lines_are_whole_and_the_last_one_needs_no_end() -> None:
    reader, writer = os.pipe()
    lines = Lines(os.fdopen(reader, "rb"))
    assert lines.read() == []
    os.write(writer, b"one\ntw")
    assert lines.read() == ["one"]
    os.write(writer, b"o\n\xff\nlast")
    assert lines.read() == ["two", "\N{REPLACEMENT CHARACTER}"]
    os.close(writer)
    assert (lines.read(), lines.read()) == (["last"], None)
    lines.close()


def test_only_processes_of_this_machine_and_this_start_are_seen_as_dead(child: Child) -> None:
    here = child.info
    assert is_alive(here)
    assert here.host == host_key()
    assert abs(here.started_at - start_time(child.process.pid)) < 0.01
    end(child, signal.SIGKILL)
    assert dead_here([here]) == [here.worker_id]
