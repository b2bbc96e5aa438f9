"""A service answers 202 and tells the end of its work later, with real workers and servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.jobs.status import JobStatus
from ergate.running import warn_of_no_callbacks
from ergate.services.call_id import CallId
from ergate.services.calls import Calls
from ergate.services.catalog import Catalog
from ergate.services.compiling import CallContext
from ergate.services.failures import BadReply
from ergate.settings import Settings
from ergate.testing.fleet import eventually
from ergate.worker.events import Event, Trouble
from tests.integration.services.conftest import MakeService
from tests.integration.services.declaring import KEY, Crew, crew_at
from tests.integration.services.peers import Connection, Peer, Request, looping, serving

TIMED_OUT = (
    'ServiceTimeout: Service "beating-er" took the work on and did not finish it in time: it has '
    "600 s, with a heartbeat at least every 1.5 s."
)


def later(connection: Connection, _: Request) -> None:
    connection.answer({}, status="202 Accepted")


def callback_of(peer: Peer) -> str:
    return peer.requests[-1].headers["ergate-callback"]


def post(url: str, body: Any = None) -> int:
    return httpx.post(url, json=body, trust_env=False, timeout=30).status_code


def wait_until_waiting(crew: Crew, job_id: str) -> None:
    def is_waiting() -> bool:
        job = crew.scene.job(job_id)
        return (job.status, job.step_name) == (JobStatus.SCHEDULED, "ask:answer")

    eventually("the event waits", is_waiting)


def test_the_wait_survives_the_death_of_everything_and_ends_with_the_answer(tmp_path: Path) -> None:
    with serving(looping(later)) as peer, crew_at(tmp_path) as crew:
        crew.declare("turn", peer.url, finishes_within_s=600)
        event = crew.send("turn")
        wait_until_waiting(crew, event)
        crew.kill_everything()
        url = callback_of(peer)
        assert url.startswith(f"{crew.face}/c/")
        assert post(url, {"text": 5}) == 422
        assert post(url, {"text": "cba"}) == 204
        assert post(url, {"text": "again"}) == 409
        crew.fleet.start()
        assert crew.end_of(event) == ("completed", {"text": "cba"})
        assert len(peer.requests) == 1
        secret = url.rpartition("/")[2]
        assert secret not in crew.fleet.output()
        assert secret not in str(crew.scene.broker.store.history(event))


def test_a_service_that_answers_before_its_202_is_heard(crew: Crew) -> None:
    """It posts to the callback while the call is still open, and is asked to come again."""
    statuses: list[int] = []

    def eager(connection: Connection, request: Request) -> None:
        url = request.headers["ergate-callback"]
        statuses.append(post(url, {"text": "early"}))
        connection.answer({}, status="202 Accepted")
        while statuses[-1] == 503:
            statuses.append(post(url, {"text": "early"}))

    with serving(looping(eager)) as peer:
        crew.declare("hasty", peer.url, finishes_within_s=600)
        assert crew.end_of(crew.send("hasty")) == ("completed", {"text": "early"})
    assert (statuses[0], statuses[-1]) == (503, 204)


def test_heartbeats_keep_it_and_silence_ends_it(crew: Crew) -> None:
    with serving(looping(later)) as peer:
        crew.declare("beating", peer.url, finishes_within_s=600, heartbeat_s=1.5)
        event = crew.send("beating")
        wait_until_waiting(crew, event)
        began = crew.scene.job(event).due_at
        assert post(f"{callback_of(peer)}/heartbeat") == 200
        assert crew.scene.job(event).due_at > began  # type: ignore[operator]  # both wait
        assert crew.end_of(event) == ("failed", TIMED_OUT)
        assert post(callback_of(peer), {"text": "late"}) == 410


def test_without_a_public_address_nothing_is_offered_and_a_line_says_so(
    upper: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(allowed_services=["loopback"], signing_keys=[KEY.text])
    context = CallContext(CallId("order-7", 0), "w", "ask", 5.0)
    with serving(looping(later)) as peer:
        calls = Calls(settings)
        for _ in range(2):
            with pytest.raises(BadReply, match="answered 202 Accepted"):
                calls(upper(peer.url, finishes_within_s=5), {"message": "x"}, context)
        calls.caller().close()
    assert "ergate-callback" not in peer.requests[-1].headers
    (line,) = caplog.messages
    assert line.startswith('finishes_within_s of "upper" has no effect: the settings public_url')


def test_it_is_told_when_workers_start() -> None:
    broker = open_broker("memory", None)
    assert isinstance(broker, Broker)
    told: list[Event] = []
    settings = Settings(signing_keys=[KEY.text])
    warn_of_no_callbacks(broker, settings, told.append)
    service = {"name": "slow", "address": "http://127.0.0.1:1/", "finishes_within_s": 5}
    Catalog(broker.store).register_service(service)
    warn_of_no_callbacks(broker, settings, told.append)
    able = settings.model_copy(update={"public_url": "https://ergate.example"})
    warn_of_no_callbacks(broker, able, told.append)
    (trouble,) = told
    assert isinstance(trouble, Trouble)
    assert 'finishes_within_s of "slow" has no effect' in trouble.what
