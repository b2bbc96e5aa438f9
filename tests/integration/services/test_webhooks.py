"""Webhooks of events, with real workers and a real receiver."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ergate.jobs.ids import new_id
from ergate.jobs.record import JobRecord
from ergate.services.webhook import verify
from ergate.services.webhooks import Webhooks, webhook_id
from ergate.settings import Settings
from ergate.testing.fleet import eventually
from tests.integration.services.declaring import KEY, TOKEN, Crew, crew_at
from tests.integration.services.peers import Connection, Peer, Request, looping, serving

CANARY = "canary-7f3a"


@dataclass
class Receiver:
    """Takes webhooks at a path and with a query that are secret."""

    peer: Peer

    @property
    def url(self) -> str:
        return f"{self.peer.url}{CANARY}?token={CANARY}"

    def told(self, event_id: str) -> list[Request]:
        """Return the deliveries about an event, each of which was verified."""
        about = [r for r in self.peer.requests if r.headers["webhook-id"] == f"{event_id}:webhook"]
        for request in about:
            verify([KEY], request.headers, request.body, time.time())
            assert request.target == f"/{CANARY}?token={CANARY}"
        return about

    def body(self, event_id: str) -> dict[str, object]:
        """Wait for a delivery about an event, and return its body."""
        (first, *_) = eventually("the webhook comes", lambda: self.told(event_id))
        body = json.loads(first.body)
        assert isinstance(body, dict)
        return body


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with serving(looping(lambda connection, _: connection.answer())) as peer:
        yield Receiver(peer)


def send(crew: Crew, name: str, url: str) -> str:
    """Send an event whose end `url` is told of."""
    now = time.time()
    event = JobRecord(
        id=new_id(),
        workflow_name=name,
        initial_input_value='{"text":"abc"}',
        created_at=now,
        updated_at=now,
    )
    settings = Settings(signing_keys=[KEY.text], allowed_services=["loopback"])
    crew.scene.broker.submit(Webhooks(settings).accompany(event, url, is_declared=True))
    return event.id


def answering(text: str, *, status: str = "200 OK") -> Callable[[Connection], None]:
    return looping(lambda connection, _: connection.answer({"text": text}, status=status))


def test_the_end_of_an_event_is_told_once_and_shows_no_secret(
    crew: Crew, receiver: Receiver
) -> None:
    with serving(answering("cba")) as peer:
        crew.declare("told", peer.url)
        event = send(crew, "told", receiver.url)
        body = receiver.body(event)
        crew.scene.wait_ended(event, webhook_id(event))
    assert (body["event_id"], body["workflow"], body["status"]) == (event, "told", "completed")
    assert body["outputs"] == {"text": "cba"}
    assert len(receiver.told(event)) == 1
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    shown = [
        httpx.get(f"{crew.face}/api/v1/jobs{path}", headers=bearer, trust_env=False).text
        for path in ("", f"/{webhook_id(event)}", f"/{webhook_id(event)}/history")
    ]
    assert all("http://127.0.0.1:" in text for text in shown)
    assert CANARY not in f"{shown}{crew.fleet.output()}"


def test_failed_and_cancelled_events_are_told_too(crew: Crew, receiver: Receiver) -> None:
    with serving(answering("no", status="400 Bad Request")) as peer:
        crew.declare("fails", peer.url)
        failed = send(crew, "fails", receiver.url)
        body = receiver.body(failed)
    assert body["status"] == "failed"
    assert body["error"] == {
        "name": "ServiceRefused",
        "message": 'Service "fails-er" answered 400 Bad Request: {"text": "no"}.',
        "step": "ask",
    }
    with serving(answering("later", status="503 Service Unavailable")) as peer:
        retry = [{"errors": ["*"], "attempts": 2, "interval_s": 600}]
        crew.declare("waits", peer.url, state={"retry": retry})
        waiting = send(crew, "waits", receiver.url)
        eventually("it waits", lambda: str(crew.scene.job(waiting).status) == "scheduled")
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        order = f"{crew.face}/api/v1/jobs/{waiting}/cancel"
        assert httpx.post(order, headers=bearer, trust_env=False).status_code == 200
        assert receiver.body(waiting)["status"] == "cancelled"


def test_a_receiver_that_fails_twice_gets_the_same_id_a_third_time(crew: Crew) -> None:
    statuses = ["500 Internal Server Error", "500 Internal Server Error", "200 OK"]

    def moody(connection: Connection, _: Request) -> None:
        status = statuses[len(connection.peer.requests) - 1]
        connection.answer({"message": f"not now, {CANARY}"}, status=status)

    with serving(answering("cba")) as service, serving(looping(moody)) as peer:
        crew.declare("moody", service.url)
        event = send(crew, "moody", f"{peer.url}{CANARY}?token={CANARY}")
        (webhook,) = crew.scene.wait_ended(webhook_id(event))
        assert str(webhook.status) == "completed"
        assert len(Receiver(peer).told(event)) == 3
        assert len({request.body for request in peer.requests}) == 1
    history = str(crew.scene.broker.store.history(webhook.id))
    assert ("not now, ***" in history, CANARY in history) == (True, False)


def test_a_receiver_that_is_gone_is_left_alone(crew: Crew) -> None:
    with serving(answering("cba")) as service, serving(answering("", status="410 Gone")) as peer:
        crew.declare("gone", service.url)
        event = send(crew, "gone", peer.url)
        (webhook,) = crew.scene.wait_ended(webhook_id(event))
        assert (str(webhook.status), len(peer.requests)) == ("aborted", 1)
    assert "410 Gone" in str(webhook.error)


def test_a_worker_that_dies_before_the_delivery_loses_nothing(
    tmp_path: Path, receiver: Receiver
) -> None:
    dying = {"ERGATE_FAILPOINT": f"after_settle@{tmp_path / 'died'}"}
    with (
        serving(answering("cba")) as peer,
        crew_at(tmp_path, processes=1, environ=dying) as crew,
    ):
        crew.declare("dies", peer.url)
        event = send(crew, "dies", receiver.url)
        assert receiver.body(event)["outputs"] == {"text": "cba"}
        assert (tmp_path / "died").exists()
        assert len(peer.requests) == 1
        crew.scene.wait_ended(event, webhook_id(event))
