"""Inside an event loop an app hands in jobs as it does outside, and the loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from ergate import Ergate, Job, JobStatus, Workflow


@pytest.fixture
def app() -> Iterator[Ergate[Job]]:
    double = Workflow(unique_name="double")

    @double.step
    def times_two(n: int) -> int:
        return 2 * n

    app = Ergate("memory")
    app.register_workflow(double)
    yield app
    app.close()


def test_what_is_handed_in_inside_an_event_loop_is_found_there_again(app: Ergate[Job]) -> None:
    async def hand_in() -> list[Job]:
        one = await app.aenqueue("double", 21, id="mine", priority=3)
        many = await app.aenqueue_many("double", range(3))
        return [await app.aget_job(str(job.id)) for job in [one, *many]]

    one, *many = asyncio.run(hand_in())
    assert (one.id, one.priority, one.initial_input_value) == ("mine", 3, 21)
    assert [job.initial_input_value for job in many] == [0, 1, 2]
    assert {job.status for job in [one, *many]} == {JobStatus.QUEUED}


def test_a_job_that_has_ended_is_waited_for_inside_an_event_loop(app: Ergate[Job]) -> None:
    job = app.enqueue("double", 21)
    app.run(burst=True)
    assert asyncio.run(app.await_job(str(job.id))).last_return_value == 42


def test_the_event_loop_goes_on_while_a_job_is_waited_for(app: Ergate[Job]) -> None:
    async def wait_in_vain() -> int:
        job = await app.aenqueue("double", 21)
        waiting = asyncio.create_task(app.await_job(str(job.id), timeout_s=0.1))
        turns = 0
        while not waiting.done():
            await asyncio.sleep(0.001)
            turns += 1
        with pytest.raises(TimeoutError):
            await waiting
        return turns

    assert asyncio.run(wait_in_vain()) > 3
