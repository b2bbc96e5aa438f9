"""What holds of published events, in real processes, whichever store and journal there are."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.feed import event_of
from ergate.contracts.journal import Entry, JournalKind
from ergate.contracts.state_store import JobFilter
from ergate.errors import BackendUnavailable
from ergate.plugins.resolve import open_journal
from ergate.supervisor.publishing import feed_name
from ergate.testing.fleet import Fleet, eventually
from ergate.testing.scene import Addresses, Scene
from ergate.testing.servers.base import Server
from ergate.worker.events import Trouble

Event = dict[str, Any]


class PublishingSuite:
    """Every transition is told, those of a job in their order, and what comes twice is the same."""

    jobs: ClassVar[int] = 400
    kills: ClassVar[int] = 6

    @pytest.fixture
    def addresses(self) -> Addresses:
        """An empty state store that several processes can use."""
        raise NotImplementedError("Provide a fixture `addresses`.")

    @pytest.fixture
    def journal_url(self) -> str:
        """The address of an empty journal."""
        raise NotImplementedError("Provide a fixture `journal_url`.")

    @pytest.fixture
    def scene(self, addresses: Addresses, journal_url: str, tmp_path: Path) -> Iterator[Scene]:
        """The store, whose feed is open from the beginning."""
        with closing(open_scene(addresses, journal_url, tmp_path)) as scene:
            yield scene

    def start(self, scene: Scene, journal_url: str, **flags: Any) -> Fleet:
        """Start a supervisor that publishes."""
        return scene.fleet(publish_to=[journal_url], max_deliveries=20, **flags)

    def test_every_transition_is_told_once_when_nothing_fails(
        self, scene: Scene, journal_url: str
    ) -> None:
        fleet = self.start(scene, journal_url, processes=2)
        scene.submit("chain", range(50))
        scene.broker.store.cancel(scene.submit("healthy", [1], in_s=1000.0)[0])
        scene.wait_ended()
        assert fleet.stop() == 0
        assert self.repeated(scene, journal_url) == 0

    @pytest.mark.timeout(180)
    def test_supervisors_that_are_killed_at_any_time_skip_nothing(
        self, scene: Scene, journal_url: str
    ) -> None:
        """And so are their workers."""
        chance = random.Random(11)
        fleet = self.start(scene, journal_url, processes=2, concurrency=2)
        scene.submit("chain", range(self.jobs))
        for _ in range(self.kills):
            time.sleep(chance.uniform(0.1, 0.7))
            fleet.kill()
            fleet.start()
            fleet.hurt(chance.choice(sorted(fleet.wait_ready())), signal.SIGKILL)
        scene.wait_ended(timeout_s=90)
        self.wait_told(scene)
        assert fleet.stop() == 0
        self.repeated(scene, journal_url)

    @pytest.mark.parametrize("name", ["after_append", "after_append:3", "after_advance:2"])
    def test_a_kill_between_the_journal_and_the_feed_repeats_events_and_skips_none(
        self, scene: Scene, journal_url: str, tmp_path: Path, name: str
    ) -> None:
        fired = tmp_path / "fired"
        fleet = scene.fleet(
            publish_to=[journal_url], environ={"ERGATE_FAILPOINT": f"{name}@{fired}"}
        )
        scene.submit("chain", range(60))
        eventually(f"the supervisor came to {name}", fired.exists)
        fleet.process.wait(20)
        fleet.start()
        scene.wait_ended()
        self.wait_told(scene)
        assert fleet.stop() == 0
        repeated = self.repeated(scene, journal_url)
        assert (repeated > 0) == name.startswith("after_append")

    # --- comparing --------------------------------------------------------------------------------

    def wait_told(self, scene: Scene) -> None:
        def is_told() -> bool:
            (info,) = scene.broker.store.feeds()
            return info.waiting == 0

        eventually("the feed has passed everything", is_told, 90)

    def repeated(self, scene: Scene, journal_url: str) -> int:
        """Compare what was told with every job's history; return how many events came again."""
        told = self._read(journal_url)
        expected = self._history(scene)
        assert {key: event for key, (event, _) in told.items()} == expected
        return sum(times - 1 for _, times in told.values())

    def _history(self, scene: Scene) -> Mapping[str, Event]:
        store = scene.broker.store
        jobs = [scene.job(job_id) for job_id in scene.accepted]
        events = [event_of(job.workflow_name, row) for job in jobs for row in store.history(job.id)]
        # As they look after a journey as JSON.
        return {event["id"]: event for event in json.loads(json.dumps(events))}

    def _read(self, journal_url: str) -> Mapping[str, tuple[Event, int]]:
        """Return each event with how often it was told; those of a job must be in their order."""
        entries = eventually("the journal can be read", lambda: entries_of(journal_url), 60)
        first: dict[str, Event] = {}
        last: dict[str, int] = {}
        for entry in entries:
            event = json.loads(entry.body)
            assert entry.key == event["job_id"]
            if event["id"] in first:
                assert event == first[event["id"]], "the same event with another content"
                continue
            assert event["revision"] > last.get(entry.key, 0), "not in the order of the job"
            first[event["id"]], last[entry.key] = event, event["revision"]
        times = Counter(json.loads(entry.body)["id"] for entry in entries)
        return {key: (event, times[key]) for key, event in first.items()}


def entries_of(journal_url: str) -> Sequence[Entry]:
    """Return all entries; none while the server, just started, still opens its queues."""
    with closing(open_journal(journal_url, SystemClock(), JournalKind.EVENTS)) as journal:
        try:
            return list(journal.read())
        except BackendUnavailable:
            return []


class StoreSuite(PublishingSuite):
    """The same, and what concerns the store more than the journal."""

    def test_of_several_supervisors_one_tells_and_another_goes_on(
        self, scene: Scene, journal_url: str
    ) -> None:
        # A holder that a busy machine delays past its lease would make another one repeat.
        first, second = (self.start(scene, journal_url, lease_s=6) for _ in range(2))
        scene.submit("chain", range(40))
        scene.wait_ended()
        self.wait_told(scene)
        assert self.repeated(scene, journal_url) == 0
        holder = self._holder(scene)
        first.kill()
        scene.submit("chain", range(40))
        scene.wait_ended(*scene.accepted)
        self.wait_told(scene)
        self.repeated(scene, journal_url)
        first.start()
        second.kill()
        scene.submit("chain", range(40))
        scene.wait_ended(*scene.accepted)
        self.wait_told(scene)
        assert self._holder(scene) != holder
        self.repeated(scene, journal_url)
        assert first.stop() == 0

    def test_what_is_pruned_meanwhile_is_told(self, scene: Scene, journal_url: str) -> None:
        ids = scene.submit("healthy", range(20))
        for job_id in ids:
            scene.broker.store.cancel(job_id)
        expected = self._history(scene)
        assert scene.broker.store.prune(JobFilter()) == len(ids)
        fleet = self.start(scene, journal_url)
        # It can have told everything before it listens to signals.
        fleet.wait_ready()
        self.wait_told(scene)
        assert fleet.stop() == 0
        assert {key: event for key, (event, _) in self._read(journal_url).items()} == expected

    def _holder(self, scene: Scene) -> str | None:
        (info,) = scene.broker.store.feeds()
        return info.holder


def survive_outages(journal_url: str, server: Server, directory: Path) -> None:
    """Start while the journal's server is down, and kill it in the middle, twice."""
    suite = PublishingSuite()
    addresses = Addresses(state_store=f"sqlite:///{directory / 'jobs.db'}")
    with closing(open_scene(addresses, journal_url, directory)) as scene:
        server.kill()
        fleet = suite.start(scene, journal_url, processes=2)
        scene.submit("chain", range(40))
        scene.wait_ended()
        eventually("the trouble was told", lambda: troubles(fleet))
        server.start()
        suite.wait_told(scene)
        for _ in range(2):
            scene.submit("chain", range(150))
            eventually("some have ended", lambda: scene.job(scene.accepted[-100]).status.is_final)
            server.flush()
            server.kill()
            scene.wait_ended(*scene.accepted)
            server.start()
            suite.wait_told(scene)
        assert fleet.stop() == 0
        assert troubles(fleet)[-1] is True
        suite.repeated(scene, journal_url)


def survive_deaths_of_the_store(
    server: Server, state_store: str, journal_url: str, directory: Path
) -> None:
    """Kill the state store's server three times while jobs run and events are published."""
    suite = PublishingSuite()
    with closing(open_scene(Addresses(state_store=state_store), journal_url, directory)) as scene:
        scene.submit("chain", range(300))
        fleet = suite.start(scene, journal_url, processes=2)
        for number in range(3):
            wanted = scene.accepted[60 * number]
            eventually("some have ended", lambda: scene.job(wanted).status.is_final)  # noqa: B023
            server.kill()
            server.start()
        scene.wait_ended()
        suite.wait_told(scene)
        assert fleet.stop() == 0
        suite.repeated(scene, journal_url)


def open_scene(addresses: Addresses, journal_url: str, directory: Path) -> Scene:
    """Return a scene whose store has the journal's feed open from the beginning."""
    scene = Scene(addresses, directory)
    scene.broker.store.feed(feed_name(Address.parse(journal_url)), "test", 0, 0.0)
    return scene


def troubles(fleet: Fleet) -> list[bool]:
    """Return, for each trouble with publishing, whether it was its end."""
    told = fleet.events(Trouble)
    return [event["is_over"] for event in told if "Publishing" in event["what"]]
