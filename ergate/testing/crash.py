"""The system suite: real processes, killed and frozen, over any shared queue and state store.

    class TestMyBackend(CrashSuite):
        @pytest.fixture
        def addresses(self, tmp_path):
            return Addresses(state_store="mine://localhost/test")

A queue beside the state store makes the broker a relayed one. Each test needs empty ones.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

from ergate.contracts.state_store import JobFilter
from ergate.failpoints import NAMES
from ergate.jobs.errors import JobError
from ergate.jobs.status import JobStatus
from ergate.testing.crash_app import CALM
from ergate.testing.fleet import Fleet, eventually
from ergate.testing.scene import APP, Addresses, Effect, Scene
from ergate.worker.events import RunStarted, StepsEnded, WorkerStarted

RELAYED_ONLY = frozenset({"after_receive", "after_acknowledge", "after_publish"})
"""Failpoints that no process passes when the ready list itself is the queue."""
MAX_DELIVERIES = 3
"""The default, which nobody here changes."""
POISONS = {
    "exit 0": "exited with status 0",
    "exit 3": "exited with status 3",
    "segfault": "killed by SIGSEGV",
    "out of memory": "killed by SIGKILL",
}


class CrashSuite:
    """What must hold when processes die, freeze and come back."""

    storm_jobs: ClassVar[int] = 3000
    storm_kills: ClassVar[int] = 20
    kill_every_s: ClassVar[float] = 0.3
    recovery_limit_s: ClassVar[float] = 2.0
    """How long the jobs of a dead child may wait until they are free again."""

    @pytest.fixture
    def addresses(self, tmp_path: Path) -> Addresses:
        """An empty state store that several processes can use, and perhaps a queue."""
        raise NotImplementedError("Provide a fixture `addresses`.")

    @pytest.fixture
    def scene(self, addresses: Addresses, tmp_path: Path) -> Iterator[Scene]:
        """The store, and everything that happens to it."""
        with closing(Scene(addresses, tmp_path)) as scene:
            yield scene

    # --- kills at any time ------------------------------------------------------------------------

    @pytest.mark.timeout(240)
    def test_a_storm_of_kills_loses_nothing_and_applies_everything_once(self, scene: Scene) -> None:
        """A random worker dies every 300 ms; halfway the supervisor dies with one of them."""
        concurrency = 2
        ids = scene.submit("chain", range(self.storm_jobs))
        # The victims are chosen by lot: no step may be blamed for more deaths than it caused.
        fleet = scene.fleet(processes=2, concurrency=concurrency, max_deliveries=20)
        killed = self._storm(scene, fleet)
        scene.open_gate(CALM)
        ended = scene.wait_ended(timeout_s=180)
        assert fleet.stop() == 0
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        assert [job.last_return_value for job in ended] == [f"{n + 3}" for n in range(len(ids))]
        # A kill costs what runs, and what has run and is not written yet.
        scene.check(most_repeats=len(killed) * concurrency * 10)
        assert len(killed) >= self.storm_kills
        self._assert_recovered_soon(scene, fleet, killed)

    def _storm(self, scene: Scene, fleet: Fleet) -> dict[int, float]:
        """Kill workers until there were enough; return when each pid died."""
        chance = random.Random(7)
        killed: dict[int, float] = {}
        while len(killed) < self.storm_kills:
            # On a busy machine it could go on to hit none but workers that have not begun.
            victims = (
                list(fleet.wait_ready())
                if killed
                else eventually("a worker has work", lambda: _busy(scene, fleet))
            )
            victim = chance.choice(sorted(victims))
            fleet.hurt(victim, signal.SIGKILL)
            killed[victim] = time.time()
            if len(killed) == self.storm_kills // 2:
                fleet.kill()
                fleet.start()
            time.sleep(self.kill_every_s)
        assert not all(scene.job(job_id).status.is_final for job_id in scene.accepted[-50:])
        return killed

    def _assert_recovered_soon(self, scene: Scene, fleet: Fleet, killed: dict[int, float]) -> None:
        starts = [event["at"] for event in fleet.events(RunStarted)]
        died = {
            event["worker_id"]: killed[event["pid"]]
            for event in fleet.events(WorkerStarted)
            if event["pid"] in killed
        }
        waits = [
            row.at - max(died[row.worker_id], *(at for at in starts if at < row.at))
            for job_id in scene.accepted
            for row in scene.broker.store.history(job_id)
            if row.event == "recovered" and row.worker_id in died
        ]
        assert waits, "no job was recovered from a killed worker: the storm proved nothing"
        assert max(waits) <= self.recovery_limit_s

    def test_after_the_supervisor_was_killed_a_new_one_frees_its_dead_workers_jobs_at_once(
        self, scene: Scene
    ) -> None:
        """It sees that the process is gone, and does not wait for a lease of a minute."""
        (job_id,) = scene.submit("gated", ["g"])
        fleet = scene.fleet(lease_s=60, heartbeat_s=12)
        (worker,) = eventually("the step runs", lambda: scene.runs_of(job_id))
        fleet.kill()
        fleet.hurt(worker, signal.SIGKILL)
        scene.open_gate("g")
        fleet.start()
        scene.wait_ended(job_id, timeout_s=20)
        (_first, _second) = scene.runs_of(job_id)
        scene.check(most_repeats=1)

    def test_workers_leave_when_their_supervisor_was_killed(self, scene: Scene) -> None:
        (job_id,) = scene.submit("gated", ["g"])
        fleet = scene.fleet(processes=2)
        workers = fleet.wait_ready(2)
        eventually("the step runs", lambda: scene.runs_of(job_id))
        fleet.kill()
        scene.open_gate("g")
        eventually("both workers have left", lambda: not (set(fleet.workers()) & set(workers)))
        assert scene.job(job_id).status is JobStatus.COMPLETED
        scene.check(most_repeats=0)

    # --- kills at every named place ---------------------------------------------------------------

    @pytest.mark.parametrize("name", sorted(NAMES - {"after_submit"}))
    def test_a_kill_at_a_failpoint_loses_nothing_and_applies_everything_once(
        self, scene: Scene, addresses: Addresses, tmp_path: Path, name: str
    ) -> None:
        if addresses.queue is None and name in RELAYED_ONLY:
            pytest.skip(f"without an external queue nobody passes {name}")
        fired = tmp_path / "fired"
        scene.submit("chain", range(20))
        fleet = scene.fleet(environ={"ERGATE_FAILPOINT": f"{name}@{fired}"})
        if name == "before_recover":
            fleet.hurt(next(iter(fleet.wait_ready())), signal.SIGKILL)
        eventually(f"a process came to {name}", fired.exists)

        def is_over() -> bool:
            if fleet.process.poll() is not None:
                fleet.start()
            return all(scene.job(job_id).status.is_final for job_id in scene.accepted)

        eventually("the jobs have ended", is_over)
        assert {job.status for job in scene.wait_ended()} == {JobStatus.COMPLETED}
        fleet.stop()
        scene.check()

    def test_a_kill_just_after_a_job_was_handed_in_loses_nothing(
        self, scene: Scene, addresses: Addresses, tmp_path: Path
    ) -> None:
        script = (
            "import sys, json; from ergate.loading import load_app; from ergate import Ergate;"
            "from ergate.client import Client, Wish; from ergate.jobs.codec import Limits;"
            "app = load_app(sys.argv[1], Ergate); settings = app.settings(json.loads(sys.argv[2]));"
            "broker = app.open_broker(settings);"
            "Client(broker, app._job_type, Limits(), app.registry)"
            ".enqueue('healthy', 5, Wish(id='handed-in'))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script, APP, json.dumps(addresses.flags)],
            env=os.environ | {"ERGATE_FAILPOINT": "after_submit", "CRASH_DIR": str(tmp_path)},
            cwd=tmp_path,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL
        scene.accepted.append("handed-in")
        fleet = scene.fleet()
        (job,) = scene.wait_ended("handed-in")
        assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, "5")
        fleet.stop()
        scene.check(most_repeats=0)

    # --- poison -----------------------------------------------------------------------------------

    def test_a_step_that_kills_its_worker_fails_and_takes_nobody_along(self, scene: Scene) -> None:
        healthy = scene.submit("healthy", range(100))
        (poisonous,) = scene.submit("poison", ["exit 0"])
        healthy += scene.submit("healthy", range(100))
        fleet = scene.fleet(processes=2, concurrency=2)
        ended = scene.wait_ended(*healthy, timeout_s=90)
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        self._assert_died(scene, poisonous, POISONS["exit 0"])
        assert len(scene.runs_of(poisonous)) == MAX_DELIVERIES
        fleet.stop()
        scene.check()

    def test_poisonous_steps_fail_for_their_own_deaths_when_there_are_several(
        self, scene: Scene
    ) -> None:
        """They take one another along, so that one may be blamed before it did anything."""
        healthy = scene.submit("healthy", range(50))
        poisons = {how: scene.submit("poison", [how])[0] for how in POISONS}
        healthy += scene.submit("healthy", range(50))
        fleet = scene.fleet(processes=2, concurrency=2)
        ended = scene.wait_ended(*healthy, timeout_s=90)
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        for how, job_id in poisons.items():
            self._assert_died(scene, job_id, POISONS[how])
            assert 1 <= len(scene.runs_of(job_id)) <= MAX_DELIVERIES
        fleet.stop()
        scene.check()

    def _assert_died(self, scene: Scene, job_id: str, how: str) -> None:
        (job,) = scene.wait_ended(job_id)
        assert (job.status, job.deliveries) == (JobStatus.FAILED, MAX_DELIVERIES)
        error = JobError.from_json(job.error or "")
        assert error.type == "WorkerDied"
        assert f"died {MAX_DELIVERIES} times" in error.message
        assert how in error.message

    # --- freezing ---------------------------------------------------------------------------------

    def test_a_worker_that_froze_past_its_lease_is_refused_and_works_on(self, scene: Scene) -> None:
        (job_id,) = scene.submit("gated", ["g"])
        fleet = scene.fleet(processes=2)
        fleet.wait_ready(2)
        (frozen,) = eventually("the step runs", lambda: scene.runs_of(job_id))
        fleet.hurt(frozen, signal.SIGSTOP)
        eventually("another worker runs the step", lambda: scene.runs_of(job_id)[1:])
        scene.open_gate("g")
        (job,) = scene.wait_ended(job_id)
        fleet.hurt(frozen, signal.SIGCONT)
        refused = eventually("the late outcome was refused", lambda: _lease_lost(fleet))
        assert (refused, job.status) == ([job_id], JobStatus.COMPLETED)
        self._assert_works_on(scene, frozen)
        fleet.stop()
        scene.check(most_repeats=1)

    def _assert_works_on(self, scene: Scene, pid: int) -> None:
        def has_worked() -> list[Effect]:
            scene.wait_ended(*scene.submit("healthy", range(10)))
            return [effect for effect in scene.effects() if effect.pid == pid][1:]

        eventually("the worker that froze runs other jobs", has_worked)


def _busy(scene: Scene, fleet: Fleet) -> list[int]:
    """Return the pids of ready workers that hold jobs."""
    running = scene.broker.store.list(JobFilter(status=JobStatus.RUNNING))
    holders = {job.worker_id for job in running}
    return [pid for pid, worker_id in fleet.workers().items() if worker_id in holders]


def _lease_lost(fleet: Fleet) -> list[str]:
    return [
        step["job_id"]
        for event in fleet.events(StepsEnded)
        for step in event["steps"]
        if step["outcome"] == "lease_lost"
    ]
