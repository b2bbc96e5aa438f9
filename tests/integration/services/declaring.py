"""Declared workflows on real workers, with services that the tests themselves are."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.jobs.record import JobRecord
from ergate.services.catalog import Catalog
from ergate.services.webhook import SigningKey
from ergate.settings import Settings
from ergate.testing.fleet import Fleet
from ergate.testing.scene import Addresses, Scene
from tests.api.served import served

BARE = "ergate.bare:app"
KEY = SigningKey(b"k" * 32)
TOKEN = "the-token-of-the-tests"
TEXT = [{"name": "text", "type": "string"}]


@dataclass(frozen=True)
class Crew:
    """Workers that run declared workflows only and may call this machine, and the HTTP face."""

    scene: Scene
    fleet: Fleet
    face: str
    """The address of the HTTP face, which services are told."""

    def declare(
        self, name: str, address: str, *, state: Mapping[str, Any] | None = None, **service: Any
    ) -> None:
        """Register the workflow `name`, which calls the service `<name>-er` at an address.

        `service` adds keys to the service, and `state` to the state that calls it.
        """
        catalog = Catalog(self.scene.broker.store)
        catalog.register_service(
            {"name": f"{name}-er", "address": address, "inputs": TEXT, "outputs": TEXT, **service}
        )
        call = {"name": "ask", "type": "call", "service": f"{name}-er", **(state or {})}
        catalog.register_workflow(
            {"name": name, "inputs": TEXT, "outputs": TEXT, "operations": [call]}
        )

    def send(self, name: str, text: str = "abc") -> str:
        """Send an event to a workflow; return its id."""
        (event_id,) = self.scene.submit(name, [{"text": text}])
        return event_id

    def end_of(self, event_id: str) -> tuple[str, object]:
        """Wait for the end of an event; return how it ended."""
        (record,) = self.scene.wait_ended(event_id)
        return outcome(record)

    def kill_everything(self) -> None:
        """Kill every worker, and who would replace them."""
        workers = self.fleet.wait_ready()
        self.fleet.kill()
        for pid in workers:
            self.fleet.hurt(pid, signal.SIGKILL)


@contextmanager
def crew_at(directory: Path, **flags: Any) -> Iterator[Crew]:
    """Start a crew over a fresh SQLite file."""
    address = Addresses(state_store=f"sqlite:///{directory / 'jobs.db'}")
    shared: dict[str, Any] = {"allowed_services": ["loopback"], "signing_keys": [KEY.text]}
    with closing(Scene(address, directory, None)) as scene:
        place = Place(broker=scene.broker, settings=Settings(**shared))
        with served(create_api(place, Security(token=TOKEN))) as face:
            fleet = scene.fleet(BARE, **{"public_url": face, **shared, **flags})
            yield Crew(scene, fleet, face)


def outcome(record: JobRecord) -> tuple[str, object]:
    """Return how an event ended: with its outputs, or with its error in one line."""
    if record.error is not None:
        error = json.loads(record.error)
        return str(record.status), f"{error['type']}: {error['message']}"
    return str(record.status), json.loads(record.last_return_value)
