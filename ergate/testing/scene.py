"""One state store, the fleets that work on it, and what their steps left behind."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.client import Client, Wish
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.jobs.record import JobRecord
from ergate.testing import crash_app
from ergate.testing.checker import Aftermath, aftermath_of, violations
from ergate.testing.fleet import Fleet, eventually
from ergate.workflows.registry import Registry

APP = "ergate.testing.crash_app:app"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a suite's jobs are kept, and where they wait if that is elsewhere."""

    state_store: str
    queue: str | None = None

    @property
    def flags(self) -> dict[str, object]:
        """The settings that name them."""
        named = {"state_store": self.state_store, "queue": self.queue}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of the log of side effects."""

    key: str
    """The idempotency key: `"<job id>:<seq>"`."""
    pid: int
    at: float


class Scene:
    """Hands in jobs, starts fleets, and compares the end with what was promised.

    Inputs are checked by `registry`; with None they are taken as they are.
    """

    def __init__(
        self,
        addresses: Addresses,
        directory: Path,
        registry: Registry | None = crash_app.app.registry,
    ) -> None:
        self.directory = directory
        self._addresses = addresses
        broker = open_broker(addresses.queue, addresses.state_store)
        assert isinstance(broker, Broker), "a suite needs a full state store"
        self.broker = broker
        self.client = Client(broker, Job, Limits(), registry)
        self.accepted: list[str] = []
        self._fleets: list[Fleet] = []

    def submit(self, workflow: str, inputs: Iterable[object], **wish: Any) -> list[str]:
        """Hand in one job per input; return their ids."""
        jobs = self.client.enqueue_many(workflow, inputs, Wish(**wish))
        ids = [str(job.id) for job in jobs]
        self.accepted += ids
        return ids

    def fleet(
        self, app: str = APP, *, environ: Mapping[str, str] | None = None, **flags: object
    ) -> Fleet:
        """Start a supervisor with workers on this store."""
        settings = self._addresses.flags | flags
        around = {"CRASH_DIR": str(self.directory)} | dict(environ or {})
        fleet = Fleet(app, self.directory, settings, environ=around)
        self._fleets.append(fleet)
        return fleet.start()

    def open_gate(self, name: str) -> None:
        """Let the steps that wait at this gate go on."""
        (self.directory / f"gate-{name}").touch()

    def effects(self, word: str = "run") -> list[Effect]:
        """Return what steps have logged under `word`, in its order."""
        path = self.directory / "effects.log"
        lines = path.read_text().splitlines() if path.exists() else []
        found = (line.split() for line in lines)
        return [Effect(key, int(pid), float(at)) for kind, key, pid, at in found if kind == word]

    def runs_of(self, job_id: str, word: str = "run") -> list[int]:
        """Return the pid of each run of the job's first step."""
        return [effect.pid for effect in self.effects(word) if effect.key == f"{job_id}:0"]

    def job(self, job_id: str) -> JobRecord:
        """Return a job as it is."""
        record = self.broker.store.get(job_id)
        assert record is not None, f"job {job_id} is lost"
        return record

    def wait_ended(self, *ids: str, timeout_s: float = 60.0) -> list[JobRecord]:
        """Wait until these jobs, or else all that were accepted, have ended; return them."""
        open_ = set(ids or self.accepted)

        def all_ended() -> bool:
            self._assert_somebody_works()
            for job_id in list(open_):
                if not self.job(job_id).status.is_final:
                    return False
                open_.discard(job_id)
            return True

        eventually("the jobs have ended", all_ended, timeout_s)
        return [self.job(job_id) for job_id in ids or self.accepted]

    def _assert_somebody_works(self) -> None:
        dead = [fleet for fleet in self._fleets if fleet.process.poll() is not None]
        assert len(dead) < max(1, len(self._fleets)), "".join(fleet.output() for fleet in dead)

    def check(self, most_repeats: int | None = None) -> Aftermath:
        """Assert that every promise was kept, and return what the run left behind."""
        aftermath = aftermath_of(self.broker.store)
        assert (
            violations(
                aftermath,
                accepted=self.accepted,
                effects=[effect.key for effect in self.effects()],
                most_repeats=most_repeats,
            )
            == []
        )
        return aftermath

    def close(self) -> None:
        """End every process and let go of the store."""
        for fleet in self._fleets:
            fleet.close()
            sys.stdout.write(fleet.output())  # pytest shows it when a test failed
        self.broker.close()
