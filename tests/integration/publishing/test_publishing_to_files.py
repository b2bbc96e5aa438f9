"""Events of every full store, in a journal of files: what holds without a broker's server."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

from ergate import Ergate, Workflow
from ergate.clock import SystemClock
from ergate.contracts.journal import JournalKind
from ergate.plugins.resolve import open_journal
from ergate.running import run_app
from ergate.testing.fleet import eventually
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.postgres import PostgresServer
from ergate.testing.servers.redis import RedisServer
from tests.integration.journals.test_file_journal import filelog  # noqa: F401  a fixture
from tests.integration.publishing.suite import (
    StoreSuite,
    survive_deaths_of_the_store,
    troubles,
)


class ToFiles(StoreSuite):
    @pytest.fixture
    def journal_url(self, filelog: str) -> str:  # noqa: F811  the fixture
        return filelog


class TestFromSqlite(ToFiles):
    @pytest.fixture
    def addresses(self, tmp_path: Path, journal_url: str) -> Addresses:
        return Addresses(state_store=f"sqlite:///{tmp_path / 'jobs.db'}")

    def test_a_journal_that_is_away_stops_no_worker_and_loses_no_event(
        self, scene: Scene, journal_url: str, tmp_path: Path
    ) -> None:
        down = tmp_path / "log" / "events.down"
        down.touch()
        fleet = self.start(scene, journal_url)
        scene.submit("chain", range(20))
        scene.wait_ended()
        eventually("the trouble was told", lambda: troubles(fleet))
        down.unlink()
        self.wait_told(scene)
        eventually("its end was told", lambda: troubles(fleet) == [False, True])
        assert fleet.stop() == 0
        assert self.repeated(scene, journal_url) == 0


class TestFromRedis(ToFiles):
    jobs: ClassVar[int] = 300
    kills: ClassVar[int] = 4

    @pytest.fixture
    def addresses(self, redis_url: str, journal_url: str) -> Addresses:
        return Addresses(state_store=redis_url)


class TestFromPostgres(ToFiles):
    jobs: ClassVar[int] = 300
    kills: ClassVar[int] = 4

    @pytest.fixture
    def addresses(self, postgres_url: str, journal_url: str) -> Addresses:
        return Addresses(state_store=postgres_url)


@pytest.mark.timeout(240)
def test_a_postgres_that_is_killed_and_comes_back_skips_no_event(
    postgres_server: PostgresServer,
    filelog: str,  # noqa: F811  the fixture
    tmp_path: Path,
) -> None:
    survive_deaths_of_the_store(postgres_server, postgres_server.url, filelog, tmp_path)


@pytest.mark.timeout(240)
def test_a_redis_that_is_killed_and_comes_back_skips_no_event(
    redis_server: RedisServer,
    filelog: str,  # noqa: F811  the fixture
    tmp_path: Path,
) -> None:
    survive_deaths_of_the_store(redis_server, redis_server.url, filelog, tmp_path)


def test_a_worker_in_the_apps_own_process_publishes_too(
    filelog: str,  # noqa: F811  the fixture
) -> None:
    app = Ergate("memory")
    sums = Workflow("sums")
    sums.step(name="one")(lambda: 1)
    sums.step(name="two")(lambda: 2)
    app.register_workflow(sums)
    job = app.enqueue("sums")
    settings = app.settings({"burst": True, "publish_to": [filelog], "lease_s": 2})
    assert run_app(app, settings, target=None, report=lambda _: None) == 0
    app.close()
    with closing(open_journal(filelog, SystemClock(), JournalKind.EVENTS)) as journal:
        told = [json.loads(entry.body) for entry in journal.read()]
    assert [(one["id"], one["result"]) for one in told] == [(f"{job.id}:3", 1), (f"{job.id}:5", 2)]
