"""The claimer's turn: what it does with claims, and with answers that got lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from ergate import Ergate, Job, Workflow
from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.clock import SystemClock
from ergate.errors import BackendUnavailable
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.settings import Settings
from ergate.testing import FakeClock
from ergate.testing.fleet import eventually
from ergate.worker import freeze as freeze_module
from ergate.worker import worker as worker_module
from ergate.worker.events import Event, Trouble
from ergate.worker.marks import Marks
from ergate.worker.stopping import Stopping
from ergate.worker.worker import Worker
from ergate_backends.memory.store import MemoryStore

ME = "w"


class Stage:
    """A worker whose turns the test makes, with one step that waits for `gate`."""

    def __init__(self) -> None:
        self.store = MemoryStore(SystemClock())
        self.broker = NativeBroker(self.store, Labels("q", "s"))
        self.gate = threading.Event()
        self.gate.set()
        self.runs: list[int] = []
        self.told: list[Event] = []
        marks, self._descriptor = Marks.create(4)
        self.worker = Worker(
            ME,
            self._app().program(Settings()),
            self.broker,
            Settings(concurrency=4),
            marks=marks,
            report=self.told.append,
            stopping=Stopping(),
        )
        self.worker._settler.start()

    def _app(self) -> Ergate[Job]:
        app = Ergate()
        simple = Workflow("simple")

        @simple.step
        def step(n: int) -> int:
            self.runs.append(n)
            self.gate.wait(10)
            return n

        app.register_workflow(simple)
        return app

    def submit(self, job_id: str = "a", n: int = 1) -> None:
        record = JobRecord(id=job_id, workflow_name="simple", initial_input_value=str(n))
        self.store.submit([record])

    def job(self, job_id: str = "a") -> JobRecord:
        record = self.store.get(job_id)
        assert record is not None
        return record

    def wait_ended(self, job_id: str = "a") -> JobRecord:
        eventually("the job has ended", lambda: self.job(job_id).status.is_final, 10)
        return self.job(job_id)

    def events_of(self, job_id: str = "a") -> list[str]:
        return [row.event for row in self.store.history(job_id)]

    def close(self) -> None:
        self.gate.set()
        self.worker._settler.stop(5)
        self.worker._slots.stop(5)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(worker_module, "PAUSE_FIRST_S", 0.001)
    monkeypatch.setattr(worker_module, "TURN_S", 0.01)
    with closing(Stage()) as stage:
        yield stage


def losing_its_answer(method: Callable[..., Any]) -> Callable[..., Any]:
    """Do it, and fail; from the second call on just do it."""
    calls: list[object] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        calls.append(answer)
        if len(calls) == 1:
            raise BackendUnavailable("the answer was lost")
        return answer

    return call


def test_a_claimed_job_runs_and_is_settled(stage: Stage) -> None:
    stage.submit()
    stage.worker.turn()
    assert stage.wait_ended().status is JobStatus.COMPLETED


class FakeTime:
    """Stands in for the module `time` where a freeze is noticed."""

    def __init__(self, clock: FakeClock) -> None:
        self.monotonic = clock.monotonic

    def process_time(self) -> float:
        return 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(freeze_module, "time", FakeTime(clock))
    return clock


def test_a_worker_that_was_frozen_claims_nothing_before_its_lease_is_renewed(
    clock: FakeClock, stage: Stage
) -> None:
    stage.worker.turn()
    stage.submit()
    clock.advance(Settings().lease_s)
    stage.worker.turn()
    clock.advance(Settings().heartbeat_s / 2)
    stage.worker.turn()
    assert stage.job().status is JobStatus.QUEUED
    clock.advance(Settings().heartbeat_s / 2)
    stage.worker.turn()
    assert stage.wait_ended().status is JobStatus.COMPLETED


def test_what_is_claimed_while_a_worker_is_frozen_is_given_back_uncounted(
    clock: FakeClock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle worker freezes in the middle of asking, and claims before it can notice."""
    claim = stage.broker.claim

    def freeze_and_claim(*args: Any) -> Sequence[JobRecord]:
        clock.advance(Settings().lease_s)
        return claim(*args)

    with monkeypatch.context() as patched:
        patched.setattr(stage.broker, "claim", freeze_and_claim)
        stage.submit()
        stage.worker.turn()
    eventually("it is given back", lambda: "released" in stage.events_of(), 10)
    assert (stage.job().status, stage.job().deliveries, stage.runs) == (JobStatus.QUEUED, 0, [])
    clock.advance(Settings().heartbeat_s)
    stage.worker.turn()
    assert stage.wait_ended().status is JobStatus.COMPLETED


def test_a_claim_whose_answer_was_lost_is_given_back_uncounted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.broker, "claim", losing_its_answer(stage.broker.claim))
    stage.submit()
    stage.worker.turn()
    assert stage.job().status is JobStatus.RUNNING
    stage.worker.turn()
    stage.wait_ended()
    assert (stage.events_of(), stage.runs) == (["submitted", "released", "applied"], [1])


def test_trouble_is_told_once_and_so_is_its_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Sequence[JobRecord]:
        raise BackendUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(stage.broker, "claim", fail)
        for _ in range(3):
            stage.worker.turn()
    stage.worker.turn()
    troubles = [event for event in stage.told if isinstance(event, Trouble)]
    assert [trouble.is_over for trouble in troubles] == [False, True]


def test_what_runs_is_not_given_back_when_an_answer_was_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.gate.clear()
    stage.submit("a")
    stage.worker.turn()
    monkeypatch.setattr(stage.broker, "claim", losing_its_answer(stage.broker.claim))
    stage.submit("b")
    stage.worker.turn()
    stage.worker.turn()
    stage.gate.set()
    stage.wait_ended("a")
    stage.wait_ended("b")
    assert stage.events_of("a") == ["submitted", "applied"]
    assert stage.events_of("b") == ["submitted", "released", "applied"]


def test_an_outcome_that_is_on_its_way_is_not_given_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step ends while the worker looks for what it holds without knowing."""
    writing = threading.Event()
    settle = stage.broker.settle

    def slow_settle(settlements: Any) -> Any:
        if threading.current_thread().name == "settler":
            writing.wait(10)
        return settle(settlements)

    monkeypatch.setattr(stage.broker, "settle", slow_settle)
    stage.gate.clear()
    stage.submit()
    stage.worker.turn()
    flush = stage.worker._settler.flush

    def flush_and_end_the_step(timeout_s: float) -> bool:
        is_flushed = flush(timeout_s)
        stage.gate.set()
        assert stage.worker._hand.wait_empty(10)
        return is_flushed

    monkeypatch.setattr(stage.worker._settler, "flush", flush_and_end_the_step)
    stage.worker._is_unsure = True
    stage.worker.turn()
    writing.set()
    stage.wait_ended()
    assert (stage.events_of(), stage.runs) == (["submitted", "applied"], [1])


def test_while_outcomes_cannot_be_written_nothing_is_given_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "LEAVE_S", 0.05)
    stage.gate.clear()
    stage.submit()
    stage.worker.turn()
    writing = threading.Event()
    settle = stage.broker.settle

    def slow_settle(settlements: Any) -> Any:
        if threading.current_thread().name == "settler":
            writing.wait(10)
        return settle(settlements)

    monkeypatch.setattr(stage.broker, "settle", slow_settle)
    stage.gate.set()
    assert stage.worker._hand.wait_empty(10)
    stage.worker._is_unsure = True
    stage.worker.turn()
    writing.set()
    stage.wait_ended()
    assert stage.events_of() == ["submitted", "applied"]


def test_the_answer_to_claiming_again_may_be_lost_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that must run alone is given back and claimed again when the hand is empty."""
    stage.submit("suspect")
    stage.store.claim_ready(["default"], 1, "lost")
    stage.store.sweep(RecoveryPolicy(), dead_workers=["lost"])
    assert stage.job("suspect").alone
    stage.gate.clear()
    stage.store.submit(
        [JobRecord(id="first", workflow_name="simple", initial_input_value="0", priority=1)]
    )
    again = losing_its_answer(stage.broker.claim_again)
    monkeypatch.setattr(stage.broker, "claim_again", again)
    stage.worker.turn()
    opener = threading.Timer(0.1, stage.gate.set)
    opener.start()
    stage.worker.turn()
    stage.worker.turn()
    stage.wait_ended("suspect")
    opener.join()
    assert stage.job("suspect").status is JobStatus.COMPLETED
    assert stage.runs == [0, 1]


def test_a_worker_whose_outcomes_cannot_be_written_ends_with_the_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An orderly end would be followed by the next worker at once, again and again."""

    def refuse(*_: object) -> None:
        raise MemoryError("the file is damaged")

    monkeypatch.setattr(stage.store, "settle", refuse)
    monkeypatch.setattr(stage.worker._settler, "start", lambda: None)  # the stage started it
    stage.submit()
    with pytest.raises(MemoryError, match="damaged"):
        stage.worker.run(pid=0)
