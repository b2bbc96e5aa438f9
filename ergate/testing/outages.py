"""The system suite for servers: what holds while the server itself is killed, wiped and cut off.

class TestMyServer(OutageSuite):
@pytest.fixture
def server(self, tmp_path): ...  # a running `Server`

@pytest.fixture
def addresses(self, server):
return Addresses(state_store=server.url)
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from ergate.testing.crash_app import CALM
from ergate.testing.fleet import Fleet, eventually
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.base import Server
from ergate.testing.servers.proxy import Fault
from ergate.worker.events import StepsEnded


class OutageSuite:
    """What must hold when a server dies and comes back while workers die, too."""

    outage_jobs: ClassVar[int] = 3000
    outage_kills: ClassVar[int] = 20
    """How many workers are killed during the run."""
    outages: ClassVar[int] = 5
    down_s: ClassVar[float] = 0.5
    kill_every_s: ClassVar[float] = 0.3
    cut_jobs: ClassVar[int] = 300
    cut_s: ClassVar[float] = 3.0
    """How long replies are lost, and connections reset: longer than a lease."""
    silence_s: ClassVar[float] = 6.0
    """How long nothing comes through: longer than a lease, and than a call may block."""
    first_completion_s: ClassVar[float] = 5.0
    """How long after its return the server may wait for the first outcome."""

    @pytest.fixture
    def server(self) -> Server:
        """The server to kill: it runs, and belongs to this test alone."""
        raise NotImplementedError("Provide a fixture `server`.")

    @pytest.fixture
    def addresses(self, server: Server) -> Addresses:
        """A store or a queue in the server, and the other half."""
        raise NotImplementedError("Provide a fixture `addresses`.")

    @pytest.fixture
    def scene(self, addresses: Addresses, tmp_path: Path) -> Iterator[Scene]:
        """The store, and everything that happens to it."""
        with closing(Scene(addresses, tmp_path)) as scene:
            yield scene

    @pytest.mark.timeout(300)
    def test_killed_servers_and_workers_lose_nothing_and_apply_everything_once(
        self, scene: Scene, server: Server
    ) -> None:
        """A random worker dies every 300 ms; the server dies five times among them."""
        ids = scene.submit("chain", range(self.outage_jobs))
        fleet = scene.fleet(processes=2, concurrency=2, max_deliveries=20)
        chance, waits = random.Random(7), []
        for number in range(self.outage_kills):
            self._kill_one(fleet, chance)
            if number % (self.outage_kills // self.outages) == 1:
                ids += self._more(scene, len(ids))
                server.flush()
                server.kill()
                time.sleep(self.down_s)
                server.start()
                waits.append(self._wait_for_outcome(fleet))
            time.sleep(self.kill_every_s)
        assert not all(scene.job(job_id).status.is_final for job_id in ids[-50:])
        scene.open_gate(CALM)
        ended = scene.wait_ended(timeout_s=200)
        assert fleet.stop() == 0
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        assert [job.last_return_value for job in ended] == [f"{n + 3}" for n in range(len(ids))]
        scene.check()
        sys.stdout.write(f"From the server's return to the first outcome, in s: {waits}\n")
        assert (len(waits), max(waits) <= self.first_completion_s) == (self.outages, True)

    @pytest.mark.timeout(240)
    def test_a_worker_that_was_cut_off_goes_on_by_itself_and_nothing_is_applied_twice(
        self, scene: Scene, server: Server, addresses: Addresses
    ) -> None:
        """Silence, then lost replies of what was done, then resets, then slow replies."""
        with server.proxy() as proxy:
            cut = _through(addresses, server, proxy.port)
            scene.submit("chain", range(self.cut_jobs))
            flags: dict[str, Any] = dict(cut.flags)
            cut_off = scene.fleet(concurrency=2, **flags)
            cut_off.wait_ready()
            beside = scene.fleet(concurrency=1)
            for fault in (Fault.REPLIES, Fault.DROP, Fault.RESET):
                self._wait_for_work(scene, cut_off)
                proxy.fault = fault
                time.sleep(self.silence_s if fault is Fault.DROP else self.cut_s)
                proxy.fault = Fault.NONE
            proxy.delay_s = 0.3
            self._wait_for_work(scene, cut_off)
            proxy.delay_s = 0.0
            scene.open_gate(CALM)
            ended = scene.wait_ended(timeout_s=120)
            assert {job.status for job in ended} == {JobStatus.COMPLETED}
            assert [cut_off.stop(), beside.stop()] == [0, 0]
        assert proxy.swallowed > 0
        scene.check()

    def _more(self, scene: Scene, number: int) -> list[str]:
        """Hand in more jobs, of inputs from `number` on, when few are left to wait for."""
        if self._waiting(scene) > self.outage_jobs // 2:
            return []
        return scene.submit("chain", range(number, number + self.outage_jobs // 2))

    def _waiting(self, scene: Scene) -> int:
        return sum(scene.broker.store.count(JobFilter(status=JobStatus.QUEUED)).values())

    def _wait_for_work(self, scene: Scene, fleet: Fleet) -> None:
        """Wait until a worker of the fleet runs a step that nobody has run so far."""
        known = len(scene.effects())

        def has_worked() -> bool:
            # Else a neighbour with a better connection has run everything before this one asks.
            if self._waiting(scene) < self.cut_jobs // 10:
                scene.submit("chain", range(self.cut_jobs // 10))
            return bool(set(fleet.workers()) & {one.pid for one in scene.effects()[known:]})

        eventually("the worker runs steps", has_worked, timeout_s=60)

    def _kill_one(self, fleet: Fleet, chance: random.Random) -> None:
        workers = fleet.workers() or fleet.wait_ready()
        fleet.hurt(chance.choice(sorted(workers)), signal.SIGKILL)

    def _wait_for_outcome(self, fleet: Fleet) -> float:
        """Return how many seconds it takes until an outcome is written; nobody is killed then."""
        now = time.time()

        def outcomes() -> list[float]:
            return [
                event["at"]
                for event in fleet.events(StepsEnded)
                if event["at"] > now
                for step in event["steps"]
                if step["outcome"] in ("advanced", "completed")
            ]

        return min(eventually("an outcome is written again", outcomes)) - now


def _through(addresses: Addresses, server: Server, port: int) -> Addresses:
    queue = addresses.queue and server.through(addresses.queue, port)
    return Addresses(server.through(addresses.state_store, port), queue)


class WipeSuite(OutageSuite):
    """The same for a server that is only the queue: it may even lose everything."""

    wipe_jobs: ClassVar[int] = 600

    @pytest.mark.timeout(240)
    def test_a_queue_that_lost_everything_loses_no_job(self, scene: Scene, server: Server) -> None:
        ids = scene.submit("chain", range(self.wipe_jobs))
        fleet = scene.fleet(processes=2, concurrency=2)
        eventually("some jobs have ended", lambda: scene.job(ids[0]).status.is_final)
        server.reset()
        ended = scene.wait_ended(timeout_s=200)
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        assert fleet.stop() == 0
        scene.check()
