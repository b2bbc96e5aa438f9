"""A step that takes longer than every time-out of the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.rabbitmq import RabbitMQServer
from tests.integration.conftest import WriteApp

STEP_S = 90
APP = f"""
long = Workflow("long")

@long.step
def work(n: int, job: Current) -> int:
    trace(job, "run")
    time.sleep({STEP_S})
    return n + 1

app.register_workflow(long)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RabbitMQServer]:
    RabbitMQServer.require()
    options = {"consumer_timeout": "10000", "heartbeat": "5"}
    with RabbitMQServer(tmp_path / "rabbitmq", options=options) as server:
        yield server


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_step_of_90_s_runs_once_and_other_jobs_go_on_meanwhile(
    server: RabbitMQServer, postgres_url: str, tmp_path: Path, write_app: WriteApp
) -> None:
    """The server waits 10 s for an acknowledgement, and 5 s for a heartbeat."""
    addresses = Addresses(queue=f"{server.url}?heartbeat=5", state_store=postgres_url)
    app = write_app(APP)
    with closing(Scene(addresses, tmp_path, None)) as scene:
        (long_id,) = scene.submit("long", [1])
        fleet = scene.fleet(app, concurrency=2)
        eventually("the long step runs", lambda: scene.runs_of(long_id))
        others = 0
        while not scene.job(long_id).status.is_final:
            scene.wait_ended(*scene.submit("healthy", range(20)), timeout_s=10)
            others += 20
        ended = scene.wait_ended(timeout_s=30)
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        assert len(scene.runs_of(long_id)) == 1
        assert others > 100
        assert fleet.stop() == 0
        scene.check(most_repeats=0)
    assert "consumer ack timed out" not in server.log.read_text(errors="replace")
