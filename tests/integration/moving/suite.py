"""What holds of a move in real processes, whichever backends it is from and to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.queue import Message
from ergate.contracts.state_store import DeadLetter, JobFilter, StateStore
from ergate.failpoints import MOVING
from ergate.jobs.events import Retried, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing.checker import Aftermath, violations
from ergate.testing.fleet import Fleet, eventually
from ergate.testing.scene import Addresses, Scene
from tests.integration.moving import tally_app

APP = f"{tally_app.__file__}:app"
PAGE = 5000
SAMPLE = 97
"""One of so many jobs is looked at with its whole history."""
TRANSITIONS = 2
"""How many a journey has: a departure and an arrival."""


class MovingSuite:
    """Nothing is lost and nothing runs twice, however often the move is killed."""

    ready: ClassVar[int] = 20_000
    scheduled: ClassVar[int] = 1_000
    soon: ClassVar[int] = 100
    """How many of those come due while the test looks on."""
    soon_s: ClassVar[float] = 25.0
    retries: ClassVar[int] = 50
    foreign: ClassVar[int] = 200
    """Messages that other programs have published, where there is an external queue."""
    few: ClassVar[int] = 400

    @pytest.fixture
    def source(self) -> Addresses:
        """Where jobs wait."""
        raise NotImplementedError("Provide a fixture `source`.")

    @pytest.fixture
    def target(self) -> Addresses:
        """Where they are to wait."""
        raise NotImplementedError("Provide a fixture `target`.")

    @pytest.fixture
    def here(self, source: Addresses, tmp_path: Path) -> Iterator[Scene]:
        yield from _scene(source, tmp_path / "here")

    @pytest.fixture
    def there(self, target: Addresses, tmp_path: Path) -> Iterator[Scene]:
        yield from _scene(target, tmp_path / "there")

    # --- the whole story --------------------------------------------------------------------------

    @pytest.mark.timeout(180)
    def test_a_move_that_is_killed_twice_loses_nothing_and_lets_nothing_run_twice(
        self, here: Scene, there: Scene, source: Addresses, target: Addresses
    ) -> None:
        due = time.time() + self.soon_s
        before = self._fill(here, self.ready, self.scheduled)
        foreign = self._publish(here, self.foreign)
        letters = [letter.id for letter in here.broker.store.dead_letters()]

        assert _move(source, target, "after_admit:9").returncode == -signal.SIGKILL
        _kill_in_the_middle(source, target, there.broker.store)
        started = time.monotonic()
        last = _told(_move(source, target))
        took_s = time.monotonic() - started
        last_jobs = last["ready"] + last["scheduled"] + last["retries"]
        print(f"{last_jobs} jobs in {took_s:.1f} s, {last_jobs / took_s:.0f}/s with the start")

        after = _jobs(there.broker.store)
        _assert_as_before(before, after, foreign)
        assert sorted(letter.id for letter in there.broker.store.dead_letters()) == sorted(letters)
        assert list(here.broker.store.dead_letters()) == []
        assert _jobs(here.broker.store) == {}
        assert (last["kept_out"], last["running"], last["waiting"]) == ([], 0, 0)
        assert last["messages"] == 0
        self._assert_runs_once(here, there, due, {*before, *foreign})

    def _assert_runs_once(self, here: Scene, there: Scene, due: float, ids: set[str]) -> None:
        """Workers run at both ends; each job that comes due runs once, at the target."""
        left, right = _work(here), _work(there)
        waits = self.scheduled - self.soon + self.retries
        wanted = len(ids) - waits

        def ended() -> bool:
            counts = there.broker.store.count(JobFilter(status=JobStatus.COMPLETED))
            return counts.get(JobStatus.COMPLETED, 0) == wanted

        eventually("all jobs have run that are due", ended, timeout_s=90)
        assert time.time() >= due
        assert (left.stop(), right.stop()) == (0, 0)
        runs = [effect.key for effect in there.effects()]
        assert (len(runs), len(set(runs))) == (wanted, wanted)
        assert here.effects() == []
        jobs = _jobs(there.broker.store)
        assert set(jobs) == ids
        _assert_one_story(there.broker.store, jobs, runs)

    # --- one kill at each place -------------------------------------------------------------------

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("name", sorted(MOVING))
    def test_a_kill_at_each_place_of_a_move_is_harmless(
        self, here: Scene, there: Scene, source: Addresses, target: Addresses, name: str
    ) -> None:
        before = self._fill(here, self.few, self.few // 4)
        foreign = self._publish(here, 3)
        killed = _move(source, target, name)
        reaches = name != "after_drain" or isinstance(here.broker, RelayedBroker)
        assert killed.returncode == (-signal.SIGKILL if reaches else 0), killed.stderr
        if reaches:
            _told(_move(source, target))
        _assert_as_before(before, _jobs(there.broker.store), foreign)
        assert _jobs(here.broker.store) == {}
        assert len(there.broker.store.dead_letters()) == 2

    # --- filling ----------------------------------------------------------------------------------

    def _fill(self, scene: Scene, ready: int, scheduled: int) -> dict[str, JobRecord]:
        """Let jobs wait in every way there is; return them as they are."""
        store = scene.broker.store
        urgent = ready // 10
        scene.submit("tally", range(ready - 2 * urgent))
        scene.submit("tally", range(urgent), priority=5)
        scene.submit("tally", range(urgent), queue="mails")
        soon = min(self.soon, scheduled)
        scene.submit("tally", range(soon), in_s=self.soon_s)
        scene.submit("tally", range(scheduled - soon), in_s=3600.0)
        scene.submit("tally", range(self.retries), queue="failing")
        failing = store.claim_ready(["failing"], self.retries, "w")
        failed = Retried('{"type": "ValueError", "message": "no"}', 3600.0)
        store.settle([Settlement(job.id, "w", job.revision, failed) for job in failing])
        store.bury([_letter("one"), _letter("two")])
        return _jobs(store)

    def _publish(self, scene: Scene, count: int) -> set[str]:
        """Publish jobs as another program does; return their ids."""
        if not isinstance(scene.broker, RelayedBroker):
            return set()
        ids = [f"foreign-{number}" for number in range(count)]
        plain = [{"workflow_name": "tally", "initial_input_value": 1, "id": one} for one in ids]
        scene.broker.queue.publish([Message(json.dumps(p).encode(), str(p["id"])) for p in plain])
        return set(ids)


def _scene(addresses: Addresses, directory: Path) -> Iterator[Scene]:
    directory.mkdir()
    with closing(Scene(addresses, directory, tally_app.app.registry)) as scene:
        yield scene


def _work(scene: Scene) -> Fleet:
    return scene.fleet(APP, processes=2, concurrency=4, queues=["default", "mails"])


def _letter(name: str) -> DeadLetter:
    return DeadLetter(id=name, queue="default", body=b"\xff?", reason="not JSON", at=7.5)


# --- moving ---------------------------------------------------------------------------------------


def _words(source: Addresses, target: Addresses) -> list[str]:
    named = {
        "--from": source.queue or source.state_store,
        "--from-state": source.state_store if source.queue else None,
        "--to": target.queue or target.state_store,
        "--to-state": target.state_store if target.queue else None,
    }
    flags = [word for flag, value in named.items() if value for word in (flag, value)]
    return [sys.executable, "-m", "ergate.cli", "queues", "move", *flags, "--yes", "--json"]


def _move(
    source: Addresses, target: Addresses, failpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, or to a failpoint, where it is killed."""
    return subprocess.run(
        _words(source, target),
        env=os.environ | {"ERGATE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def _told(done: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _kill_in_the_middle(source: Addresses, target: Addresses, store: StateStore) -> None:
    """Kill the command wherever it is when it has moved some jobs more."""
    before = sum(store.count(JobFilter()).values())
    with subprocess.Popen(_words(source, target), stdout=subprocess.DEVNULL) as process:

        def moves() -> bool:
            assert process.poll() is None, "it was over too soon"
            return sum(store.count(JobFilter()).values()) > before

        eventually("it moves on", moves)
        process.kill()
    assert process.returncode == -signal.SIGKILL


# --- comparing ------------------------------------------------------------------------------------


def _jobs(store: StateStore) -> dict[str, JobRecord]:
    jobs: dict[str, JobRecord] = {}
    while page := store.list(JobFilter(), limit=PAGE, offset=len(jobs)):
        jobs.update((record.id, record) for record in page)
    return jobs


def _assert_as_before(
    before: Mapping[str, JobRecord], after: Mapping[str, JobRecord], foreign: set[str]
) -> None:
    assert set(after) == {*before, *foreign}
    for job_id, was in before.items():
        now = after[job_id]
        moved = replace(was, revision=was.revision + TRANSITIONS, updated_at=now.updated_at)
        wanted = [moved]
        if was.due_at is not None and was.due_at <= now.updated_at:
            # Its time came meanwhile, on a busy machine: it may be ready now.
            ready = replace(moved, status=JobStatus.QUEUED, due_at=None)
            wanted.append(replace(ready, revision=moved.revision + 1))
        assert now in wanted, f"{now}\nis none of\n{wanted}"


def _assert_one_story(store: StateStore, jobs: Mapping[str, JobRecord], effects: list[str]) -> None:
    some = {job_id: jobs[job_id] for job_id in sorted(jobs)[::SAMPLE]}
    history = {job_id: store.history(job_id) for job_id in some}
    ready = sum(job.status is JobStatus.QUEUED for job in some.values())
    ran = [key for key in effects if key.rpartition(":")[0] in some]
    assert violations(Aftermath(some, history, ready), effects=ran, most_repeats=0) == []
    journeys = [[row.event for row in rows if row.event in _JOURNEY] for rows in history.values()]
    assert all(events == _JOURNEY for events in journeys)


_JOURNEY = ["departed", "arrived"]
