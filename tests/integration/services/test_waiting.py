"""A `wait` holds no worker, and survives a restart of everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ergate.bare import app
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.jobs.events import RecoveryPolicy, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.services.catalog import Catalog
from ergate.services.declared import with_declared
from ergate.settings import Settings
from ergate.testing import FakeClock
from ergate.testing.fleet import eventually
from ergate.worker.event_loop import EventLoop
from ergate.worker.runner import Runner, StepRun
from tests.integration.services.declaring import TEXT, crew_at

HOUR_S = 3600.0


def waiting(seconds: float) -> dict[str, object]:
    """A definition that waits, and then shows that it has gone on."""
    return {
        "name": "patience",
        "inputs": TEXT,
        "outputs": TEXT,
        "operations": [
            {"name": "rest", "type": "wait", "seconds": seconds},
            {"name": "go-on", "type": "pass", "output": {"text": "rested"}},
        ],
    }


class Place:
    """A worker and a supervisor by hand, over a file and a clock that stand for everything."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        settings = Settings()
        program = app.program(settings)
        known = with_declared(program.registry, broker.store, settings)
        self._loop = EventLoop()
        self._runner = Runner(replace(program, registry=known), self._loop)

    def turn(self) -> int:
        """Sweep once, and run all that is ready; return how many steps ran."""
        self.broker.sweep(RecoveryPolicy(), ["default"])
        claims = self.broker.claim(["default"], 10, 0.0, "w")
        for claim in claims:
            run = self._runner.find(claim)
            assert isinstance(run, StepRun)
            outcome = self._runner.run(run)
            self.broker.settle([Settlement(claim.id, "w", claim.revision, outcome)])
        return len(claims)

    def job(self) -> JobRecord:
        record = self.broker.store.get("event-1")
        assert record is not None
        return record

    def close(self) -> None:
        self._loop.close()
        self.broker.close()


@contextmanager
def started(file: Path, clock: FakeClock) -> Iterator[Place]:
    """Start everything anew over what the file holds."""
    broker = open_broker(f"sqlite:///{file}", None, clock=clock)
    assert isinstance(broker, Broker)
    place = Place(broker)
    try:
        yield place
    finally:
        place.close()


def test_an_hour_holds_no_worker_and_survives_restarts(tmp_path: Path) -> None:
    file, clock = tmp_path / "jobs.db", FakeClock()
    with started(file, clock) as place:
        Catalog(place.broker.store).register_workflow(waiting(HOUR_S))
        event = JobRecord(
            id="event-1", workflow_name="patience", initial_input_value='{"text":"abc"}'
        )
        place.broker.submit([event])
        assert (place.turn(), place.turn()) == (1, 0)
        assert place.job().status is JobStatus.SCHEDULED
    for _ in range(3):
        clock.advance(HOUR_S / 3 - 1)
        with started(file, clock) as place:
            assert place.turn() == 0
            assert place.broker.store.held("w") == {}
    clock.advance(4)
    with started(file, clock) as place:
        assert place.turn() == 1
        assert str(place.job().status) == "completed"
        assert place.job().last_return_value == '{"text":"rested"}'


def test_five_seconds_survive_the_death_of_every_process(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        store = crew.scene.broker.store
        Catalog(store).register_workflow(waiting(5.0))
        event = crew.send("patience")
        eventually("it waits", lambda: str(crew.scene.job(event).status) == "scheduled")
        assert [store.held(worker) for worker in crew.fleet.wait_ready().values()] == [{}]
        crew.kill_everything()
        crew.fleet.start()
        assert crew.end_of(event) == ("completed", {"text": "rested"})
        began, ended = store.history(event)[1].at, crew.scene.job(event).finished_at
        assert ended is not None
        assert ended - began >= 5.0
