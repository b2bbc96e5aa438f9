"""Long steps, busy workers, and workers that come and go: nobody waits, nothing repeats."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Addresses, Scene
from ergate.worker.events import WorkerDead

APP = str(Path(__file__).with_name("partitions_app.py")) + ":app"


@pytest.fixture
def scene(kafka_url: str, postgres_url: str, tmp_path: Path) -> Iterator[Scene]:
    addresses = Addresses(queue=f"{kafka_url}&max.poll.interval.ms=10000", state_store=postgres_url)
    with closing(Scene(addresses, tmp_path, None)) as scene:
        yield scene


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_step_of_90_s_runs_once_though_polling_may_pause_for_10_s_only(scene: Scene) -> None:
    """Its worker has one slot, and others serve its partitions and their own meanwhile."""
    (long,) = scene.submit("slow", [90])
    fleet = scene.fleet(APP, processes=2, concurrency=1)
    eventually("the long step runs", lambda: scene.runs_of(long))
    began = time.monotonic()
    while time.monotonic() < began + 80:
        jobs = scene.submit("quick", range(24))
        scene.wait_ended(*jobs, timeout_s=10)
        time.sleep(2)
    (job,) = scene.wait_ended(long, timeout_s=30)
    assert (job.status, job.deliveries, len(scene.runs_of(long))) == (JobStatus.COMPLETED, 0, 1)
    assert fleet.events(WorkerDead) == []
    assert fleet.stop() == 0
    scene.check(most_repeats=0)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_job_waits_for_the_long_step_of_the_worker_whose_partition_it_is_in(
    scene: Scene,
) -> None:
    """Twelve partitions, four workers, and one of these is busy for 30 s."""
    fleet = scene.fleet(APP, processes=4, concurrency=1)
    fleet.wait_ready(4)
    (long,) = scene.submit("slow", [30])
    eventually("the long step runs", lambda: scene.runs_of(long))
    waits = []
    for _ in range(10):
        handed_in = time.time()
        jobs = scene.submit("quick", range(36))
        scene.wait_ended(*jobs, timeout_s=10)
        ran = [one.at for one in scene.effects() if one.key.removesuffix(":0") in jobs]
        waits.append(max(ran) - handed_in)
    assert not scene.job(long).status.is_final
    assert max(waits) < 3.0
    scene.wait_ended(long)
    assert fleet.stop() == 0
    scene.check(most_repeats=0)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_worker_that_joins_and_one_that_leaves_repeat_nothing(scene: Scene) -> None:
    jobs = scene.submit("quick", range(8000))
    first = scene.fleet(APP, processes=2, concurrency=2)
    eventually("some have run", lambda: len(scene.effects()) > 200)
    second = scene.fleet(APP, processes=1, concurrency=2)
    second.wait_ready()
    eventually(
        "the new worker takes part",
        lambda: set(second.workers()) & {one.pid for one in scene.effects()},
    )
    assert second.stop() == 0
    assert not all(scene.job(job_id).status.is_final for job_id in jobs[-50:])
    scene.wait_ended(timeout_s=60)
    assert first.stop() == 0
    scene.check(most_repeats=0)
    assert {scene.job(job_id).deliveries for job_id in jobs} == {0}
