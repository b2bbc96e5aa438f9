"""The keeper's duties, one by one: renew, free, publish, prune, and tell."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import pytest

from ergate.brokers.broker import Labels
from ergate.brokers.native import NativeBroker
from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.queue import Message
from ergate.contracts.state_store import QueueStats, WorkerInfo
from ergate.errors import BackendUnavailable
from ergate.jobs.codec import Limits
from ergate.jobs.events import Completed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.settings import Settings
from ergate.supervisor import keeper as keeper_module
from ergate.supervisor.errand import ERRAND_TRIES
from ergate.supervisor.host import host_key, start_time
from ergate.supervisor.keeper import Keeper
from ergate.testing import FakeClock
from ergate.testing.fleet import eventually
from ergate.worker.events import BecameDue, Event, JobsRecovered, QueuesSeen, Trouble
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore

SETTINGS = Settings.model_validate({"lease_s": 10, "heartbeat_s": 2})
BURST = Settings.model_validate({"burst": True})
MINE, OTHER = "mine", "other"


def info(worker_id: str, pid: int | None = None) -> WorkerInfo:
    pid = pid or os.getpid()
    return WorkerInfo(worker_id=worker_id, host=host_key(), pid=pid, started_at=start_time(pid))


class FakeTime:
    """Stands in for the module `time`, on the test's clock."""

    def __init__(self, clock: FakeClock) -> None:
        self.monotonic = clock.monotonic
        self.time = clock.now


class House:
    """A keeper over a memory store, on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.told: list[Event] = []
        self.living: Sequence[WorkerInfo] = [info(MINE)]
        self.keeper = self.new_keeper(SETTINGS)

    def new_keeper(self, settings: Settings) -> Keeper:
        broker = NativeBroker(self.store, Labels("q", "s"))
        return Keeper(broker, settings, lambda: self.living, self.told.append)

    def run_job(self, job_id: str, worker_id: str) -> None:
        self.store.submit([JobRecord(id=job_id, workflow_name="w", queue=job_id)])
        self.store.claim_ready([job_id], 1, worker_id)

    def status(self, job_id: str) -> JobStatus:
        record = self.store.get(job_id)
        assert record is not None
        return record.status

    def told_of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.told if isinstance(event, kind)]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(keeper_module, "time", FakeTime(house.clock))
    return house


def down(*_args: object, **_kwargs: object) -> Sequence[str]:
    raise BackendUnavailable("the store is down")


def test_renewed_leases_protect_what_runs(house: House) -> None:
    house.keeper.heartbeat()
    house.run_job("a", MINE)
    for _ in range(20):
        house.clock.advance(2)
        house.keeper.heartbeat()
        house.keeper.sweep()
    assert house.status("a") is JobStatus.RUNNING


def test_a_worker_without_signs_of_life_loses_its_jobs_at_the_end_of_its_lease(
    house: House,
) -> None:
    house.keeper.heartbeat()
    house.run_job("a", MINE)
    house.living = []
    statuses = []
    for _ in range(5):
        house.clock.advance(2)
        house.keeper.heartbeat()
        house.keeper.sweep()
        statuses.append(house.status("a"))
    assert statuses == [JobStatus.RUNNING] * 4 + [JobStatus.QUEUED]
    (told,) = house.told_of(JobsRecovered)
    assert isinstance(told, JobsRecovered)
    assert (told.recovered, told.failed) == (1, 0)


def test_who_could_not_renew_does_not_take_its_own_jobs_when_the_store_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.keeper.heartbeat()
    house.run_job("a", MINE)
    with monkeypatch.context() as patched:
        patched.setattr(house.store, "heartbeat", down)
        house.clock.advance(15)
        with pytest.raises(BackendUnavailable):
            house.keeper.heartbeat()
        house.keeper.sweep()
    assert house.status("a") is JobStatus.RUNNING
    house.keeper.heartbeat()
    house.keeper.sweep()
    assert house.status("a") is JobStatus.RUNNING


def test_after_an_outage_others_get_the_time_of_one_heartbeat_to_renew(house: House) -> None:
    """Their keepers met the same outage, and wake in any order."""
    house.keeper.heartbeat()
    house.store.heartbeat([info(OTHER), info("gone")], 10)
    house.run_job("a", OTHER)
    house.run_job("b", "gone")
    house.clock.advance(15)
    house.keeper.heartbeat()
    house.keeper.sweep()
    house.keeper.bury_the_dead()
    house.store.heartbeat([info(OTHER)], 10)
    house.clock.advance(2)
    house.keeper.heartbeat()
    house.keeper.sweep()
    assert (house.status("a"), house.status("b")) == (JobStatus.RUNNING, JobStatus.QUEUED)


def test_jobs_that_came_due_are_made_ready_and_told(house: House) -> None:
    waiting = JobRecord(
        id="a", workflow_name="w", status=JobStatus.SCHEDULED, due_at=house.clock.now() + 5
    )
    house.store.submit([waiting])
    house.keeper.sweep()
    assert house.status("a") is JobStatus.SCHEDULED
    house.clock.advance(5)
    house.keeper.sweep()
    assert house.status("a") is JobStatus.QUEUED
    (told,) = house.told_of(BecameDue)
    assert isinstance(told, BecameDue)
    assert told.jobs == 1


def test_workers_whose_process_is_gone_are_buried_without_waiting_for_their_lease(
    house: House,
) -> None:
    gone = WorkerInfo(worker_id="gone", host=host_key(), pid=os.getpid(), started_at=1.0)
    elsewhere = WorkerInfo(worker_id="elsewhere", host="moon", pid=1, started_at=1.0)
    house.store.heartbeat([gone, elsewhere], 10)
    house.run_job("a", "gone")
    house.run_job("b", "elsewhere")
    house.keeper.bury_the_dead()
    assert (house.status("a"), house.status("b")) == (JobStatus.QUEUED, JobStatus.RUNNING)


def test_only_completed_jobs_older_than_the_retention_are_pruned(house: House) -> None:
    house.run_job("old", MINE)
    house.store.settle([Settlement("old", MINE, 2, Completed("1"))])
    house.clock.advance(86400)
    house.run_job("young", MINE)
    house.store.settle([Settlement("young", MINE, 2, Completed("1"))])
    house.run_job("running", MINE)
    house.new_keeper(Settings.model_validate({"retention_s": 3600})).prune()
    assert [house.store.get(job_id) is None for job_id in ("old", "young", "running")] == [
        True,
        False,
        False,
    ]


def test_without_a_retention_nothing_is_pruned(house: House) -> None:
    house.run_job("old", MINE)
    house.store.settle([Settlement("old", MINE, 2, Completed("1"))])
    house.clock.advance(10 * 86400)
    house.new_keeper(Settings.model_validate({"retention_s": None})).prune()
    assert house.status("old") is JobStatus.COMPLETED


def is_idle(keeper: Keeper) -> bool:
    keeper.look_at_queues()
    return keeper.is_idle


def test_a_burst_is_over_when_nothing_is_ready_running_or_soon_due(house: House) -> None:
    keeper = house.new_keeper(BURST)
    seen = [is_idle(keeper)]
    house.store.submit([JobRecord(id="a", workflow_name="w")])
    seen.append(is_idle(keeper))
    house.store.claim_ready(["default"], 1, MINE)
    seen.append(is_idle(keeper))
    house.store.settle([Settlement("a", MINE, 2, Completed("1"))])
    seen.append(is_idle(keeper))
    assert seen == [True, False, False, True]
    assert len(house.told_of(QueuesSeen)) == 4


def test_a_burst_goes_on_while_the_queue_holds_what_the_store_does_not_know(house: House) -> None:
    """Two looks in a row, as a message on its way from the one to the other is in neither."""
    queue = MemoryQueue()
    queue.publish([Message(b"{}", "a")])
    broker = RelayedBroker(queue, house.store, Labels("q", "s"), Limits())
    keeper = Keeper(broker, BURST, lambda: house.living, house.told.append)
    seen = [is_idle(keeper)]
    queue.purge("default")
    seen += [is_idle(keeper), is_idle(keeper)]
    assert seen == [False, False, True]


@pytest.mark.parametrize(
    ("ready", "asked_at"),
    [(1_000_000, [0.0, 10.5, 21.0]), (10, [0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.5, 12.0, 13.5])],
    ids=["a million jobs", "ten jobs"],
)
def test_queues_are_looked_at_less_often_when_counting_so_many_takes_long(
    house: House, monkeypatch: pytest.MonkeyPatch, ready: int, asked_at: list[float]
) -> None:
    """With few jobs a slow answer was a moment's, and a burst must see that nothing is left."""
    asked: list[float] = []
    start = house.clock.monotonic()

    def count_slowly() -> Sequence[QueueStats]:
        asked.append(house.clock.monotonic() - start)
        house.clock.advance(0.5)
        return [
            QueueStats(queue="default", ready=ready, scheduled=0, running=0, oldest_ready_at=None)
        ]

    monkeypatch.setattr(house.store, "queues", count_slowly)
    while len(asked) < len(asked_at):
        house.keeper.look_at_queues()
        house.clock.advance(1)
    assert asked == asked_at


# --- the loop, in real time -----------------------------------------------------------------------


def test_a_recovery_is_tried_again_until_the_store_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper_module, "ERRAND_PAUSE_S", 0.01)
    house = House()
    house.run_job("a", OTHER)
    failures: list[int] = []
    recover = house.store.recover

    def recover_at_last(*args: object, **kwargs: object) -> object:
        failures.append(1)
        if len(failures) < 4:
            down()
        return recover(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(house.store, "recover", recover_at_last)
    house.keeper.start()
    house.keeper.recover(OTHER, {"a": 2}, blame=True, reason="killed by SIGKILL")
    eventually("all is told", lambda: len(house.told_of(Trouble)) == 2, 10)
    house.keeper.stop(5)
    assert house.status("a") is JobStatus.QUEUED
    told = [(one.what, one.is_over) for one in house.told if isinstance(one, Trouble)]
    assert told == [
        ("Freeing a dead worker's jobs failed and is tried again: the store is down", False),
        ("Freeing a dead worker's jobs works again.", True),
    ]


def fails_at_first(monkeypatch: pytest.MonkeyPatch, house: House, name: str, times: int) -> None:
    """Make a method of the store raise what nobody foresaw, that many times."""
    method, calls = getattr(house.store, name), []

    def fail_at_first(*args: object, **kwargs: object) -> object:
        calls.append(1)
        if len(calls) <= times:
            raise RuntimeError("unforeseen")
        return method(*args, **kwargs)

    monkeypatch.setattr(house.store, name, fail_at_first)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_recovery_that_fails_unforeseen_is_tried_again_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_module, "ERRAND_PAUSE_S", 0.01)
    house = House()
    house.store.heartbeat([info(OTHER)], 10)  # so that no sweep frees its job
    house.run_job("a", OTHER)
    fails_at_first(monkeypatch, house, "recover", ERRAND_TRIES - 1)
    house.keeper.start()
    house.keeper.recover(OTHER, {"a": 2}, blame=True, reason="killed by SIGKILL")
    eventually("the job is free", lambda: house.status("a") is JobStatus.QUEUED, 10)
    house.keeper.stop(5)
    assert logged(caplog) == ["Freeing a dead worker's jobs failed; it is tried again."] * (
        ERRAND_TRIES - 1
    )


def test_a_recovery_that_always_fails_is_given_up_and_says_what_follows(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_module, "ERRAND_PAUSE_S", 0.01)
    house = House()
    house.store.heartbeat([info(OTHER)], 10)  # so that no sweep frees its job
    house.run_job("a", OTHER)
    fails_at_first(monkeypatch, house, "recover", 1000)
    house.keeper.start()
    house.keeper.recover(OTHER, {"a": 2}, blame=True, reason="killed by SIGKILL")
    eventually("it is given up", lambda: len(logged(caplog)) == ERRAND_TRIES, 10)
    house.keeper.stop(5)
    assert house.status("a") is JobStatus.RUNNING
    assert logged(caplog)[-1] == (
        f"Freeing a dead worker's jobs failed {ERRAND_TRIES} times and is given up: "
        f"a sweep frees what worker {OTHER} held."
    )


def test_a_worker_whose_start_fails_unforeseen_is_told_to_go_at_the_next_try(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_module, "ERRAND_PAUSE_S", 0.01)
    house = House()
    house.living = []
    fails_at_first(monkeypatch, house, "heartbeat", 1)
    gone = threading.Event()
    house.keeper.start()
    house.keeper.begin(info(OTHER), gone.set)
    assert gone.wait(10)
    house.keeper.stop(5)
    assert logged(caplog) == ["Starting a worker failed; it is tried again."]


def test_a_duty_that_fails_unforeseen_says_that_it_is_done_at_its_next_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()
    fails_at_first(monkeypatch, house, "sweep", 1)
    house.keeper.start()
    eventually("it has failed", lambda: logged(caplog), 10)
    house.keeper.stop(5)
    assert logged(caplog) == ["The duty 'sweep' failed; it is done again at its next time."]


def test_no_worker_is_told_to_go_before_its_lease_is_written() -> None:
    house = House()
    order: list[str] = []
    beat = house.store.heartbeat

    def beat_and_note(workers: Sequence[WorkerInfo], lease_s: float) -> Sequence[str]:
        order.extend(worker.worker_id for worker in workers if worker.worker_id == OTHER)
        return beat(workers, lease_s)

    house.store.heartbeat = beat_and_note  # type: ignore[method-assign]  # the test's own notes
    gone = threading.Event()
    house.keeper.start()

    def go() -> None:
        order.append("go")
        gone.set()

    house.keeper.begin(info(OTHER), go)
    assert gone.wait(10)
    house.keeper.stop(5)
    assert order == [OTHER, "go"]


def test_a_duty_that_fails_unforeseen_does_not_end_the_keeper(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    calls: list[int] = []

    def fail(*_args: object, **_kwargs: object) -> object:
        calls.append(1)
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(house.store, "sweep", fail)
    keeper = house.new_keeper(Settings.model_validate({"sweep_s": 0.01}))
    keeper.start()
    eventually("it was tried again", lambda: len(calls) > 3, 10)
    keeper.stop(5)
    assert not keeper.is_alive()
