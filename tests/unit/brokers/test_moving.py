"""What `Mover` moves, what it leaves, and that it goes on wherever it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from ergate.brokers import draining, moving
from ergate.brokers.broker import Broker, Labels
from ergate.brokers.moving import Moved, Mover
from ergate.brokers.native import NativeBroker
from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.queue import Message
from ergate.contracts.state_store import DeadLetter, JobFilter
from ergate.errors import Unsupported, UsageError
from ergate.failpoints import MOVING
from ergate.jobs.codec import Limits
from ergate.jobs.events import Completed, Retried, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from ergate.testing import FakeClock
from ergate.testing.conformance.moves import job, running, submitted, worker
from ergate_backends.memory.queue import MemoryQueue
from ergate_backends.memory.store import MemoryStore


class Killed(BaseException):
    """Stands for a SIGKILL."""


@pytest.fixture(autouse=True)
def no_waiting_for_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "WAIT_S", 0.0)


@pytest.fixture
def here() -> NativeBroker:
    return native("here")


@pytest.fixture
def there() -> NativeBroker:
    return native("there")


def native(name: str) -> NativeBroker:
    return NativeBroker(MemoryStore(FakeClock()), Labels(name, name))


def relayed(name: str) -> RelayedBroker:
    store = MemoryStore(FakeClock())
    return RelayedBroker(MemoryQueue(), store, Labels(f"queue-{name}", name), Limits())


def move(source: Broker, target: Broker, *, elsewhere: bool = False) -> Moved:
    return Mover(source=source, target=target, elsewhere=elsewhere).run()


def fill(broker: Broker) -> set[str]:
    """Hand in jobs that wait in every way there is; return their ids."""
    store = broker.store
    waiting = [submitted(store, priority=n % 3).id for n in range(130)]
    later = [submitted(store, status=JobStatus.SCHEDULED, due_at=9e9).id for _ in range(20)]
    held = running(store)
    store.settle([Settlement(held.id, "worker-1", held.revision, Retried("{}", 500.0))])
    store.bury([_letter("one"), _letter("two")])
    return {*waiting, *later, held.id}


def _letter(name: str) -> DeadLetter:
    return DeadLetter(id=name, queue="default", body=b"?", reason="no", at=7.0)


def ids(broker: Broker) -> set[str]:
    return {record.id for record in broker.store.list(JobFilter(), limit=1000)}


def claim_all(broker: Broker, worker_id: str = "w") -> list[JobRecord]:
    claimed: list[JobRecord] = []
    while some := broker.store.claim_ready(["default", "mail"], 50, worker_id):
        claimed += some
    return claimed


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Let the mover die when it comes to a failpoint for the nth time."""

    def arm(name: str, count: int) -> None:
        left = count

        def check(passed: str) -> None:
            nonlocal left
            left -= passed == name
            if passed == name and left == 0:
                raise Killed

        monkeypatch.setattr(moving, "failpoint", check)
        monkeypatch.setattr(draining, "failpoint", check)

    return arm


# --- what moves -----------------------------------------------------------------------------------


def test_all_that_waits_moves_and_is_counted_by_kind(here: Broker, there: Broker) -> None:
    expected = fill(here)
    moved = move(here, there)
    counts = (moved.ready, moved.scheduled, moved.retries, moved.dead_letters, moved.resumed)
    assert counts == (130, 20, 1, 2, 0)
    assert (ids(there), ids(here)) == (expected, set())
    assert list(here.store.dead_letters()) == []
    assert [(one.id, one.at) for one in there.store.dead_letters()] == [("two", 7.0), ("one", 7.0)]


def test_what_is_claimed_next_is_the_same_as_before(here: Broker, there: Broker) -> None:
    fill(here)
    again = native("again")
    for record in reversed(here.store.list(JobFilter(), limit=1000)):
        if record.status is JobStatus.QUEUED:
            again.store.submit([record])
    move(here, there)
    assert [one.id for one in claim_all(there)] == [one.id for one in claim_all(again)]


def test_running_and_ended_jobs_stay_and_are_told_of(here: Broker, there: Broker) -> None:
    here.store.heartbeat([worker("worker-1")], 60.0)
    held = running(here.store)
    done = running(here.store)
    here.store.settle([Settlement(done.id, "worker-1", done.revision, Completed("1"))])
    moved = move(here, there)
    assert (moved.jobs, moved.running) == (0, 1)
    assert ids(here) == {held.id, done.id}


def test_what_a_dead_worker_held_waits_again_and_moves(here: Broker, there: Broker) -> None:
    held = running(here.store)
    assert move(here, there).jobs == 1
    assert ids(there) == {held.id}


def test_progress_is_told_for_each_batch(here: Broker, there: Broker) -> None:
    fill(here)
    told: list[int] = []
    mover = Mover(source=here, target=there, advance=told.append)
    left = mover.left()
    mover.run()
    assert (sum(told), left) == (153, 153)
    assert len(told) > 2


def test_large_jobs_go_in_small_batches(
    here: Broker, there: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH_BYTES", 10_000)
    for _ in range(80):
        submitted(here.store, initial_input_value=json.dumps("x" * 1000))
    told: list[int] = []
    Mover(source=here, target=there, advance=told.append).run()
    assert told == [50, 9, 9, 9, 3]


# --- interruptions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *((name, 1) for name in sorted(MOVING - {"after_drain"})),
        *((name, 2) for name in ("after_depart", "after_admit", "after_dismiss")),
    ],
)
def test_an_interrupted_move_goes_on_and_loses_and_doubles_nothing(
    here: Broker, there: Broker, kill_at: Callable[[str, int], None], name: str, count: int
) -> None:
    expected = fill(here)
    kill_at(name, count)
    with pytest.raises(Killed):
        move(here, there)
    early = {one.id for one in claim_all(there, "early")}
    late_here = {one.id for one in claim_all(here, "late")}
    assert early & late_here == set()
    for one in sorted(late_here):  # workers run at the source although nobody should let them
        record = here.store.get(one)
        assert record is not None
        here.store.settle([Settlement(one, "late", record.revision, Completed("1"))])
    kill_at("nowhere", 1)
    move(here, there)
    assert ids(there) == expected - late_here
    assert ids(here) == late_here
    assert {one.id for one in claim_all(there)} & early == set()
    assert len(there.store.dead_letters()) == 2
    assert list(here.store.dead_letters()) == []


def test_what_was_left_on_its_way_is_counted(
    here: Broker, there: Broker, kill_at: Callable[[str, int], None]
) -> None:
    fill(here)
    kill_at("after_depart", 2)
    with pytest.raises(Killed):
        move(here, there)
    left = here.store.count(JobFilter())[JobStatus.PENDING]
    kill_at("nowhere", 1)
    moved = move(here, there)
    assert moved.resumed == left > 0


def test_an_interrupted_move_does_not_go_on_to_another_place_by_itself(
    here: Broker, there: Broker, kill_at: Callable[[str, int], None]
) -> None:
    """What has arrived at the first place would run twice."""
    expected = fill(here)
    kill_at("after_depart", 1)
    with pytest.raises(Killed):
        move(here, there)
    kill_at("nowhere", 1)
    third = native("third")
    with pytest.raises(UsageError, match="on their way to there"):
        move(here, third)
    assert ids(third) == set()
    move(here, third, elsewhere=True)
    assert ids(third) == expected


@pytest.mark.parametrize("first", sorted(MOVING - {"after_drain"}))
@pytest.mark.parametrize("second", ["after_depart", "after_admit", "after_dismiss"])
def test_a_move_that_was_turned_round_halfway_loses_nothing(
    here: Broker, there: Broker, kill_at: Callable[[str, int], None], first: str, second: str
) -> None:
    expected = fill(here)
    kill_at(first, 1)
    with pytest.raises(Killed):
        move(here, there)
    kill_at(second, 1)
    try:
        move(there, here)
    except Killed:
        kill_at("nowhere", 1)
        move(there, here)
    kill_at("nowhere", 1)
    move(here, there)
    assert (ids(there), ids(here)) == (expected, set())
    pending = there.store.count(JobFilter()).get(JobStatus.PENDING, 0)
    assert pending == 0


# --- what stays -----------------------------------------------------------------------------------


def test_a_job_whose_id_is_taken_stays_and_is_named(here: Broker, there: Broker) -> None:
    expected = fill(here)
    twin = min(expected)
    there.store.submit([job(id=twin, queue="mail", created_at=5.0)])
    moved = move(here, there)
    assert (moved.kept_out, moved.jobs, moved.waiting) == ([twin], len(expected) - 1, 0)
    assert ids(here) == {twin}
    assert [one.id for one in claim_all(here)] == [twin]


def test_the_same_place_under_another_name_is_refused_and_nothing_changes(here: Broker) -> None:
    expected = fill(here)
    alias = NativeBroker(here.store, Labels("alias", "alias"))
    with pytest.raises(UsageError, match="the same place"):
        move(here, alias)
    assert ids(here) == expected
    assert len(claim_all(here)) == 130


def test_a_store_that_does_not_declare_it_cannot_take_part(here: Broker) -> None:
    class Plain(MemoryStore):
        capabilities = frozenset()

    plain = NativeBroker(Plain(FakeClock()), Labels("plain", "plain"))
    for source, target in ((here, plain), (plain, here)):
        with pytest.raises(Unsupported, match="plain"):
            move(source, target)


# --- external queues ------------------------------------------------------------------------------


def test_messages_that_nobody_has_adopted_move_as_jobs_and_tickets_vanish() -> None:
    source, target = relayed("here"), relayed("there")
    new = job()
    source.submit([new])
    wishes = [b'{"workflow_name": "w", "id": "wish"}', b'{"workflow_name": "w"}', b"no sense"]
    source.queue.publish([Message(body, str(n)) for n, body in enumerate(wishes)])
    moved = move(source, target)
    assert (moved.ready, moved.dead_letters, moved.messages) == (3, 1, 0)
    assert source.queue.depth("default") == 0
    assert {new.id, "wish"} < ids(target)
    claimed = target.claim(["default"], 9, 0.0, "w")
    assert len(claimed) == 3


def test_a_move_that_dies_before_it_acknowledges_adopts_each_message_once(
    kill_at: Callable[[str, int], None],
) -> None:
    source, target = relayed("here"), native("there")
    source.queue.publish([Message(b'{"workflow_name": "w"}', str(n)) for n in range(3)])
    kill_at("after_drain", 1)
    with pytest.raises(Killed):
        move(source, target)
    kill_at("nowhere", 1)
    first = move(source, target)  # the messages are in the dead receiver's hands
    source.queue.close()
    second = move(source, target)
    assert (first.ready, len(ids(target)), ids(source)) == (3, 3, set())
    assert second.messages == 0


def test_jobs_that_arrive_before_an_external_queue_are_published(here: Broker) -> None:
    target = relayed("there")
    expected = {submitted(here.store).id for _ in range(3)}
    move(here, target)
    assert list(target.store.unpublished(9, 0.0)) == []
    assert {one.id for one in target.claim(["default"], 9, 0.0, "w")} == expected


def test_a_limit_on_payloads_is_no_reason_to_leave_a_job(here: Broker, there: Broker) -> None:
    new = submitted(here.store, initial_input_value=json.dumps("x" * 2_000_000))
    move(here, there)
    found = there.store.get(new.id)
    assert found is not None
    assert found == replace(new, revision=3, updated_at=found.updated_at)
