"""What a store promises to many callers at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from threading import Barrier, Event, Thread
from typing import TypeVar

from ergate.contracts.state_store import DeadLetter, JobFilter, StateStore
from ergate.errors import UsageError
from ergate.jobs.events import Outcome, RecoveryPolicy, Released
from ergate.jobs.status import JobStatus
from ergate.testing.conformance.case import PassTime, StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    COMPLETED,
    beat,
    job,
    running,
    settlement,
    stored,
    submitted,
)

CALLERS = 6
T = TypeVar("T")
S = TypeVar("S")


class Concurrency(StoreCase):
    """Of all that reach for one thing at once, one gets it."""

    def test_callers_of_claim_ready_share_the_jobs_without_overlap(
        self, store: StateStore, other: StateStore
    ) -> None:
        new = [job() for _ in range(60)]
        store.submit(new)

        def claim_all(caller: int) -> list[str]:
            handle, mine = (store, other)[caller % 2], []
            while claimed := handle.claim_ready(["default"], 4, f"worker-{caller}"):
                mine += [record.id for record in claimed]
            return mine

        claimed = chain.from_iterable(_at_once(claim_all))
        assert Counter(claimed) == Counter(record.id for record in new)

    def test_of_many_with_the_same_ticket_one_gets_the_job(
        self, store: StateStore, other: StateStore
    ) -> None:
        for tickets in [store.submit([job()]) for _ in range(5)]:
            claims = [
                partial((store, other)[n % 2].claim, tickets, f"worker-{n}") for n in range(CALLERS)
            ]
            assert sum(len(claimed) for claimed in _together(claims)) == 1

    def test_of_two_outcomes_that_many_write_at_once_one_counts(
        self, store: StateStore, other: StateStore
    ) -> None:
        outcomes: list[Outcome] = [ADVANCED, ADVANCED, Released(), Released()]
        for held in [running(store) for _ in range(5)]:
            acts = [
                partial((store, other)[n % 2].settle, [settlement(held, outcome)])
                for n, outcome in enumerate(outcomes)
            ]
            refused = [result.refused for result in _together(acts)]
            assert sorted(map(len, refused)) == [0, 0, 1, 1]
            assert stored(store, held.id).revision == held.revision + 1

    def test_a_settlement_and_the_recovery_of_its_worker_do_not_both_count(
        self, store: StateStore, other: StateStore
    ) -> None:
        for held in [running(store, f"worker-{n}") for n in range(10)]:
            settle = partial(store.settle, [settlement(held, ADVANCED)])
            recover = partial(
                other.recover,
                held.worker_id or "",
                {held.id: held.revision},
                blame=True,
                reason="killed",
                policy=RecoveryPolicy(),
            )
            settled, swept = _both(settle, recover)
            assert [len(settled.refused), swept.recovered] in ([0, 0], [1, 1])
            assert stored(store, held.id).seq == 1 - swept.recovered

    def test_sweeps_at_the_same_time_free_each_orphan_once(
        self, store: StateStore, other: StateStore, pass_time: PassTime
    ) -> None:
        beat(store, "worker-1", lease_s=self.tick_s)
        held = [running(store) for _ in range(20)]
        pass_time(2 * self.tick_s)
        swept = _at_once(lambda caller: (store, other)[caller % 2].sweep(RecoveryPolicy()))
        assert sum(result.recovered for result in swept) == len(held)
        assert {stored(store, record.id).revision for record in held} == {3}

    def test_a_job_that_many_submit_at_once_is_accepted_once(
        self, store: StateStore, other: StateStore
    ) -> None:
        new = job()

        def submit(caller: int) -> int:
            try:
                return len((store, other)[caller % 2].submit([new]))
            except UsageError:
                return 0

        assert sum(_at_once(submit)) == 1
        tickets = _at_once(lambda _: len(store.submit([new], if_absent=True)))
        assert sum(tickets) == 0

    def test_a_cancel_and_a_claim_have_one_winner(
        self, store: StateStore, other: StateStore
    ) -> None:
        for new in [submitted(store, queue=f"queue-{n}") for n in range(10)]:
            _both(
                partial(other.cancel, new.id),
                partial(store.claim_ready, [new.queue], 1, "w"),
            )
            after = stored(store, new.id)
            seen = (after.status, after.cancel_requested, after.revision)
            assert seen in ((JobStatus.CANCELLED, False, 2), (JobStatus.RUNNING, True, 2))

    def test_threads_that_claim_and_settle_finish_every_job_once(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.submit([job() for _ in range(30)])

        def work(caller: int) -> int:
            handle, refused = (store, other)[caller % 2], 0
            while claimed := handle.claim_ready(["default"], 3, f"worker-{caller}"):
                outcomes = [COMPLETED if record.seq else ADVANCED for record in claimed]
                pairs = zip(claimed, outcomes, strict=True)
                refused += len(handle.settle([settlement(r, o) for r, o in pairs]).refused)
            return refused

        assert sum(_at_once(work)) == 0
        while claimed := store.claim_ready(["default"], 9, "last"):
            store.settle([settlement(r, COMPLETED if r.seq else ADVANCED) for r in claimed])
        assert dict(store.count(JobFilter())) == {JobStatus.COMPLETED: 30}

    def test_of_many_who_exhume_a_letter_one_gets_it(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.bury([DeadLetter(id="a", queue="q", body=b"?", reason="r", at=1.0)])
        found = _at_once(lambda caller: (store, other)[caller % 2].exhume("a"))
        assert sum(letter is not None for letter in found) == 1

    # --- waiting ----------------------------------------------------------------------------------

    def test_a_new_job_ends_a_wait_soon(self, store: StateStore, other: StateStore) -> None:
        waited = self._wait_while(store, lambda: other.submit([job()]))
        assert waited == [True]

    def test_a_wake_ends_a_wait_soon(self, store: StateStore) -> None:
        woken = Event()

        def wake_until_seen() -> None:
            # A wake that comes before the wait begins may be missed, so it is repeated.
            while not woken.wait(0.02):
                store.wake()

        waker = Thread(target=wake_until_seen)
        waker.start()
        store.wait_ready(["default"], 20.0)
        woken.set()
        waker.join(20)
        assert not waker.is_alive()

    def _wait_while(self, store: StateStore, act: Callable[[], object]) -> list[bool]:
        answers: list[bool] = []
        begun = Event()

        def wait() -> None:
            begun.set()
            answers.append(store.wait_ready(["default"], 20.0))

        waiter = Thread(target=wait)
        waiter.start()
        begun.wait(10)
        act()
        waiter.join(10)
        assert not waiter.is_alive(), "wait_ready did not notice that a job became ready"
        return answers


def _both(first: Callable[[], T], second: Callable[[], S]) -> tuple[T, S]:
    """Run two acts in threads that start together; return what they returned."""
    line = Barrier(2)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(_after, line, first), pool.submit(_after, line, second)
        return one.result(), two.result()


def _together(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run all acts in threads that start together; return what they returned."""
    line = Barrier(len(acts))
    with ThreadPoolExecutor(len(acts)) as pool:
        waiting = [pool.submit(_after, line, act) for act in acts]
        return [one.result() for one in waiting]


def _at_once(act: Callable[[int], T]) -> list[T]:
    """Run `act(0)`, `act(1)`, … in threads that start together; return what they returned."""
    return _together([partial(act, caller) for caller in range(CALLERS)])


def _after(line: Barrier, act: Callable[[], T]) -> T:
    line.wait(30)
    return act()
