"""Events that come together are stored together, and each is answered for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ergate.api.accepting import NewEvent
from ergate.api.bounds import Bounds
from ergate.api.desk import Desk, Place
from ergate.api.intake import Intake
from ergate.api.problems import Refused
from ergate.brokers.native import NativeBroker
from ergate.contracts.state_store import JobFilter
from ergate.errors import BackendUnavailable, UsageError
from ergate.jobs.record import JobRecord


class Gate(NativeBroker):
    """A broker whose submits wait until they are let through, and are counted."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.broker.store, place.broker.labels)
        self.batches: list[int] = []
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)
        self.refuses: Exception | None = None

    def submit(self, jobs: Sequence[JobRecord], *, if_absent: bool = False) -> None:
        self.batches.append(len(jobs))
        self.begun.release()
        assert self.open.wait(20)
        if self.refuses is not None and (
            len(jobs) > 1 or jobs[0].initial_input_value == "13" or self._refuses_all()
        ):
            raise self.refuses
        super().submit(jobs, if_absent=if_absent)

    def _refuses_all(self) -> bool:
        return isinstance(self.refuses, BackendUnavailable)


@pytest.fixture
def gate(place: Place) -> Gate:
    return Gate(place)


def new_intake(place: Place, gate: Gate, bounds: Bounds | None = None) -> Intake:
    return Intake(Desk(replace(place, broker=gate), bounds or Bounds(answer_s=20.0)))


async def send_together(intake: Intake, gate: Gate, data: Sequence[object]) -> list[Any]:
    """Send one event, and the others while it is on the wire; then let everything through."""
    first = asyncio.create_task(intake.accept(NewEvent("order", data[0])))
    await asyncio.to_thread(gate.begun.acquire)
    rest = [asyncio.create_task(intake.accept(NewEvent("order", one))) for one in data[1:]]
    await asyncio.sleep(0)
    gate.open.set()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    intake.close()
    return answers


def test_what_comes_while_a_batch_is_written_goes_together(place: Place, gate: Gate) -> None:
    intake = new_intake(place, gate)
    answers = asyncio.run(send_together(intake, gate, range(20)))
    assert gate.batches == [1, 19]
    assert [answer.initial_input_value for answer in answers] == [str(n) for n in range(20)]
    assert len(place.broker.store.list(JobFilter())) == 20


def test_an_event_that_does_not_fit_harms_no_other(place: Place, gate: Gate) -> None:
    answers = asyncio.run(send_together(new_intake(place, gate), gate, [1, "two", 3, None, 5]))
    assert [isinstance(answer, Refused) for answer in answers] == [False, True, False, True, False]
    assert gate.batches == [1, 2]


def test_an_event_that_the_store_refuses_harms_no_other(place: Place, gate: Gate) -> None:
    gate.refuses = UsageError("This one is refused.")
    answers = asyncio.run(send_together(new_intake(place, gate), gate, [1, 12, 13, 14]))
    assert [isinstance(answer, UsageError) for answer in answers] == [False, False, True, False]


def test_a_store_that_is_down_is_told_to_each(place: Place, gate: Gate) -> None:
    gate.refuses = BackendUnavailable("down")
    answers = asyncio.run(send_together(new_intake(place, gate), gate, [1, 2, 3]))
    assert [type(answer) for answer in answers] == [BackendUnavailable] * 3
    assert gate.batches == [1, 2]


def test_one_key_twice_in_a_batch_is_one_job(place: Place, gate: Gate) -> None:
    async def send() -> list[JobRecord]:
        intake = new_intake(place, gate)
        gate.open.set()
        events = [NewEvent("order", 1, "key") for _ in range(5)]
        answers = await asyncio.gather(*map(intake.accept, events))
        intake.close()
        return answers

    assert len({answer.id for answer in asyncio.run(send())}) == 1
    assert len(place.broker.store.list(JobFilter())) == 1


def test_all_keys_of_a_batch_are_looked_up_with_one_question(
    place: Place, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    get_many = place.broker.store.get_many

    def counted(ids: Sequence[str]) -> Any:
        asked.append(len(ids))
        return get_many(ids)

    monkeypatch.setattr(place.broker.store, "get_many", counted)

    async def send() -> list[JobRecord]:
        intake = new_intake(place, gate)
        gate.open.set()
        first = asyncio.create_task(intake.accept(NewEvent("order", 0)))
        await asyncio.to_thread(gate.begun.acquire)
        events = [NewEvent("order", number, f"key-{number}") for number in range(5)]
        answers = await asyncio.gather(first, *map(intake.accept, events))
        intake.close()
        return answers

    assert [one.initial_input_value for one in asyncio.run(send())] == list("001234")
    assert sum(asked) == 5
    assert len(asked) <= 2


@pytest.mark.parametrize("bounds", [Bounds(events=2), Bounds(event_bytes=20)])
def test_more_events_than_may_wait_are_turned_away(
    place: Place, gate: Gate, bounds: Bounds
) -> None:
    async def send() -> int:
        intake = new_intake(place, gate, bounds)
        event = NewEvent("order", 1, size=10)
        first = asyncio.create_task(intake.accept(event))
        await asyncio.to_thread(gate.begun.acquire)
        rest = [asyncio.create_task(intake.accept(event)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="Too many events"):
            await intake.accept(event)
        gate.open.set()
        accepted = await asyncio.gather(first, *rest)
        accepted.append(await intake.accept(event))
        intake.close()
        return len(accepted)

    assert asyncio.run(send()) == 4


def test_a_store_that_hangs_is_told_of_and_what_was_given_up_is_not_stored(
    place: Place, gate: Gate
) -> None:
    async def send() -> None:
        intake = new_intake(place, gate, Bounds(answer_s=0.05))
        first = asyncio.create_task(intake.accept(NewEvent("order", 1)))
        await asyncio.to_thread(gate.begun.acquire)
        with pytest.raises(Refused, match="did not take the event"):
            await intake.accept(NewEvent("order", 2))
        with pytest.raises(Refused, match="did not take the event"):
            await first
        gate.open.set()
        last = await new_intake(place, gate).accept(NewEvent("order", 3))
        assert last.initial_input_value == "3"
        intake.close()

    asyncio.run(send())
    assert "2" not in [one.initial_input_value for one in place.broker.store.list(JobFilter())]
