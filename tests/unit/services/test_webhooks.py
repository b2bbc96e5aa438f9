"""An event may name an address that is told of its end; what is stored of it tells no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.contracts.state_store import StateStore
from ergate.errors import (
    BackendUnavailable,
    PayloadError,
    SettingsError,
    UsageError,
    ValidationError,
)
from ergate.jobs.codec import Limits
from ergate.jobs.errors import JobError
from ergate.jobs.events import Completed, Failed, Outcome, Released, Retried, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.services.calling import Caller
from ergate.services.failures import AddressRefused, ServiceError, ServiceRefused
from ergate.services.sealing import Sealer
from ergate.services.webhook import SigningKey, verify
from ergate.services.webhook_workflow import FOR_A_DAY, UNTIL_ENDED, NotEnded, Webhook, secrets_of
from ergate.services.webhooks import WEBHOOK, Webhooks, ends, has_webhook, hint, webhook_id
from ergate.settings import Settings
from ergate.testing import FakeClock
from ergate.workflows.control import AbortJob

OLD, NEW = SigningKey(b"o" * 32), SigningKey(b"n" * 32)
URL = "https://shop.example/hooks/canary-path?token=canary-query"
EVENT = JobRecord(
    id="order-7", workflow_name="order", queue="q2", home_queue="q", priority=3,
    initial_input_value='{"n":1}', created_at=1000.0, updated_at=1000.0,
)  # fmt: skip


def webhooks(**settings: Any) -> Webhooks:
    return Webhooks(Settings(**{"signing_keys": [NEW.text], **settings}))


def accompanied(event: JobRecord = EVENT) -> tuple[JobRecord, JobRecord]:
    return webhooks().accompany(event, URL, is_declared=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


@pytest.fixture
def store(clock: FakeClock) -> Iterator[StateStore]:
    broker = open_broker("memory", None, clock=clock)
    assert isinstance(broker, Broker)
    with closing(broker):
        yield broker.store


def job(store: StateStore, job_id: str) -> JobRecord:
    record = store.get(job_id)
    assert record is not None
    return record


def claim(store: StateStore, queue: str = "q2") -> JobRecord:
    (claimed,) = store.claim_ready([queue], 1, "w")
    return claimed


def end(store: StateStore, outcome: Outcome) -> JobRecord:
    """Let the event end."""
    claimed = claim(store)
    store.settle([Settlement(claimed.id, "w", claimed.revision, outcome)])
    return job(store, claimed.id)


# --- accepting ------------------------------------------------------------------------------------


def test_a_webhook_is_a_job_beside_its_event() -> None:
    event, webhook = accompanied()
    assert replace(event, user_context="null") == EVENT
    assert (webhook.id, webhook.workflow_name) == ("order-7:webhook", WEBHOOK)
    assert (webhook.status, webhook.due_at) == (JobStatus.SCHEDULED, 1300.0)
    assert (webhook.queue, webhook.home_queue, webhook.priority) == ("q", "q", 3)
    later = replace(EVENT, status=JobStatus.SCHEDULED, due_at=5000.0)
    assert accompanied(later)[1].due_at == 5300.0


def test_nothing_that_is_stored_shows_the_address() -> None:
    event, webhook = accompanied()
    assert "canary" not in f"{event}{webhook}"
    order = json.loads(webhook.initial_input_value)
    assert (order["event_id"], order["to"]) == ("order-7", "https://shop.example:443/***")
    assert Sealer([NEW]).open(order["sealed"]) == URL


def test_an_event_that_gives_hints_is_marked() -> None:
    event, _ = accompanied()
    assert (event.user_context, has_webhook(event)) == ('{"ergate.webhook":true}', True)
    assert not has_webhook(EVENT)


def test_a_context_that_is_not_ours_stays_and_the_webhook_looks_by_itself() -> None:
    app_event, soon = webhooks().accompany(EVENT, URL, is_declared=False)
    own = replace(EVENT, user_context='{"who":"me"}')
    own_event, also_soon = webhooks().accompany(own, URL, is_declared=True)
    assert (app_event, own_event) == (EVENT, own)
    assert (soon.due_at, also_soon.due_at) == (1001.0, 1001.0)


def test_without_a_key_it_is_refused_with_the_way_to_make_one() -> None:
    with pytest.raises(UsageError, match=r"echo whsec_\$\(openssl rand -base64 32\)"):
        webhooks(signing_keys=[]).accompany(EVENT, URL, is_declared=True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("shop", "callback_url: must be a URL such as"),
        ("ftp://shop.example/", "must begin with http:// or https://"),
        ("https://user:pw@shop.example/", "has a user name or password in it"),
        ("http://127.0.0.1/", "is loopback and not on the list of the setting allowed_services"),
        ("http://localhost:80/", "is loopback and not on the list"),
        ("http://10.0.0.1/", "is private and not on the list"),
        ("http://169.254.169.254/latest", "which is never called"),
        ("http://[::ffff:169.254.169.254]/", "which is never called"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_at_once(url: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        webhooks().accompany(EVENT, url, is_declared=True)
    assert why in str(refused.value)
    assert "pw" not in str(refused.value)


def test_what_the_settings_allow_is_accepted() -> None:
    allowing = webhooks(allowed_services=["loopback"])
    assert (
        allowing.accompany(EVENT, "http://127.0.0.1/", is_declared=True)[1].id == "order-7:webhook"
    )


def test_an_id_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(PayloadError, match="160"):
        accompanied(replace(EVENT, id="x" * 155))


# --- sealing --------------------------------------------------------------------------------------


def test_what_an_old_key_sealed_can_be_opened_while_it_is_there() -> None:
    sealed = Sealer([OLD]).seal("text")
    assert Sealer([NEW, OLD]).open(sealed) == "text"
    with pytest.raises(SettingsError, match="Keep an old key"):
        Sealer([NEW]).open(sealed)
    with pytest.raises(SettingsError, match="fits none of those"):
        Sealer([NEW]).open("nonsense")
    with pytest.raises(SettingsError, match="Give `ergate run` the keys"):
        Sealer([]).open(sealed)


# --- the hint -------------------------------------------------------------------------------------


def test_a_hint_makes_the_webhook_due(store: StateStore) -> None:
    event, webhook = accompanied()
    store.submit([event, webhook])
    hint(store, claim(store))
    assert job(store, webhook.id).status is JobStatus.QUEUED
    assert job(store, webhook.id).input_json == webhook.initial_input_value
    hint(store, event)  # once is enough
    assert job(store, webhook.id).revision == 2


def test_a_hint_that_cannot_be_given_harms_nothing(store: StateStore) -> None:
    event, _ = accompanied()
    hint(store, event)  # there is no such job

    class Away:
        def get(self, job_id: str) -> JobRecord:
            raise BackendUnavailable("away")

    hint(Away(), event)  # type: ignore[arg-type]  # all that it needs
    hint(None, event)  # type: ignore[arg-type]  # a fault that nobody foresaw
    hint(Away(), EVENT)  # type: ignore[arg-type]  # asks for nothing


def test_only_what_ends_a_job_is_worth_a_hint() -> None:
    assert ends(Completed("1"))
    assert ends(Failed("{}"))
    assert not ends(Retried("{}", 1.0))
    assert not ends(Released())


# --- the end of the event -------------------------------------------------------------------------


class Receiver:
    """Stands in for the caller: takes what is delivered, or raises."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.failure: Exception | None = None

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str], **rest: object) -> float:
        self.taken.append((url, body, headers))
        if self.failure is not None:
            raise self.failure
        return 0.25


class Post:
    """The two steps over a store, with a receiver."""

    def __init__(self, store: StateStore, clock: FakeClock, limits: Limits | None = None) -> None:
        self.receiver = Receiver()
        self.pauses: list[float] = []
        self.steps = Webhook(store, self._caller, [NEW, OLD], limits or Limits(), clock, self._wait)
        event, webhook = accompanied()
        store.submit([event, webhook])
        self.order = json.loads(webhook.initial_input_value)
        self.meanwhile: Callable[[], object] = str

    def _caller(self) -> Caller:
        return self.receiver  # type: ignore[return-value]  # all that is asked of it

    def _wait(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.meanwhile()


def test_what_is_told_is_what_the_event_shows(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    end(store, Completed('{"total":5}'))
    assert post.steps.ended(post.order)["body"] == {
        "event_id": "order-7",
        "workflow": "order",
        "status": "completed",
        "ack_date": "1970-01-01T00:16:40.000Z",
        "finished_at": "1970-01-01T00:16:40.000Z",
        "outputs": {"total": 5},
    }


def test_a_failure_is_told_without_its_traceback(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    error = JobError(type="NoMoney", message="None left.", step_name="pay", traceback="canary")
    end(store, Failed(error.to_json()))
    body = post.steps.ended(post.order)["body"]
    assert body["error"] == {"name": "NoMoney", "message": "None left.", "step": "pay"}
    assert (body["status"], "outputs" in body, "canary" in str(body)) == ("failed", False, False)


def test_a_cancelled_event_is_told(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    store.cancel("order-7")
    assert post.steps.ended(post.order)["body"]["status"] == "cancelled"


def test_before_the_end_it_is_tried_again(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    with pytest.raises(NotEnded, match="it is queued"):
        post.steps.ended(post.order)
    assert post.pauses == []
    claim(store)
    with pytest.raises(NotEnded, match="it is running"):
        post.steps.ended(post.order)
    assert sum(post.pauses) < 0.5


def test_an_end_that_is_just_being_written_is_waited_for(
    store: StateStore, clock: FakeClock
) -> None:
    post = Post(store, clock)
    held = claim(store)
    settlement = Settlement(held.id, "w", held.revision, Completed("{}"))
    post.meanwhile = lambda: store.settle([settlement])
    assert post.steps.ended(post.order)["body"]["status"] == "completed"
    assert post.pauses == [0.01]


def test_an_event_that_is_gone_ends_it(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    with pytest.raises(AbortJob, match='no job "order-8"'):
        post.steps.ended({**post.order, "event_id": "order-8"})


def test_outputs_that_leave_no_room_are_left_out(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock, Limits(max_bytes=1000))
    end(store, Completed(json.dumps({"text": "x" * 900})))
    body = post.steps.ended(post.order)["body"]
    assert (body["outputs"], body["outputs_left_out"]) == (None, True)


# --- posting --------------------------------------------------------------------------------------


def told(store: StateStore, post: Post) -> dict[str, Any]:
    end(store, Completed("{}"))
    return post.steps.ended(post.order)


def test_what_is_posted_can_be_verified_with_each_key(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    message = told(store, post)
    assert post.steps.post(message) == {
        "delivered_to": "https://shop.example:443/***",
        "took_ms": 250,
    }
    clock.advance(3600)
    post.steps.post(message)
    (url, body, headers), (_, again, later) = post.receiver.taken
    assert (url, json.loads(body)) == (URL, message["body"])
    assert again == body
    for key in (NEW, OLD):
        assert verify([key], headers, body, 1000.0) == webhook_id("order-7")
        assert verify([key], later, again, 4600.0) == webhook_id("order-7")
    assert headers["Idempotency-Key"] == later["Idempotency-Key"] == "order-7:webhook"


def test_a_receiver_that_is_gone_ends_it(store: StateStore, clock: FakeClock) -> None:
    post = Post(store, clock)
    message = told(store, post)
    post.receiver.failure = ServiceRefused("gone", status=410)
    with pytest.raises(AbortJob, match="410 Gone"):
        post.steps.post(message)
    post.receiver.failure = ServiceRefused("what?", status=404)
    with pytest.raises(ServiceRefused):
        post.steps.post(message)


def test_deliveries_are_tried_for_about_a_day() -> None:
    error = ServiceError("down")
    pauses = [FOR_A_DAY.pause_s(attempt, error) for attempt in range(1, 37)]
    assert pauses[-1] is None
    assert 22 * 3600 < sum(pause for pause in pauses if pause is not None) < 27 * 3600
    assert FOR_A_DAY.pause_s(1, AddressRefused("metadata")) is None
    asked = FOR_A_DAY.pause_s(1, ServiceError("busy", retry_after_s=100.0))
    assert asked == 100.0
    assert FOR_A_DAY.pause_s(1, ServiceError("busy", retry_after_s=1e6)) == 3600.0


def test_an_event_is_looked_at_for_as_long_as_it_takes() -> None:
    pause_s = UNTIL_ENDED.pause_s(10_000_000, NotEnded("no"))
    assert pause_s is not None
    assert 50 < pause_s < 70


def test_every_part_of_an_address_that_may_be_secret_is_known() -> None:
    assert set(secrets_of("https://h.example/p-canary?a=q-canary&b=1")) == {
        "https://h.example/p-canary?a=q-canary&b=1",
        "/p-canary?a=q-canary&b=1",
        "/p-canary",
        "a=q-canary&b=1",
        "q-canary",
    }
    assert secrets_of("https://h.example/") == ("https://h.example/",)
