"""A journal in files, by a plugin: what holds without any server."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from ergate import Ergate, Job, Workflow
from ergate.brokers.direct import DirectBroker
from ergate.brokers.opening import open_broker
from ergate.errors import UsageError
from ergate.plugins.manager import installed_plugins
from tests.integration.journals.suite import JournalRuns

METADATA = "Metadata-Version: 2.1\nName: ergate-file-journal\nVersion: 1\n"
ENTRY_POINTS = "[ergate]\nfilelog = tests.integration.file_journal\n"


@pytest.fixture
def filelog(tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Install the journal's plugin for this process and those that it starts; give an address."""
    place = tmp_path / "site" / "ergate_file_journal-1.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(METADATA)
    (place / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(place.parent))
    monkeypatch.setenv("PYTHONPATH", f"{place.parent}:{project_root}")
    installed_plugins.cache_clear()
    (tmp_path / "log").mkdir()
    yield f"filelog:///{tmp_path / 'log'}"
    installed_plugins.cache_clear()


class TestFileJournal(JournalRuns):
    @pytest.fixture
    def url(self, filelog: str) -> str:
        return filelog

    @pytest.fixture
    def outage(self, tmp_path: Path) -> AbstractContextManager[None]:
        return _down(tmp_path / "log" / "jobs.down")


@contextmanager
def _down(mark: Path) -> Iterator[None]:
    mark.touch()
    yield
    mark.unlink()


class OneByOne:
    """A queue of the user's own that ends the worker when it is empty."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def get_one(self) -> Job:
        if self.waiting.empty():
            raise EOFError
        return self.waiting.get()

    def put(self, job: Job) -> None:
        self.waiting.put(job)


def test_a_queue_of_the_users_own_can_stand_before_a_journal(filelog: str) -> None:
    own, workflow = OneByOne(), Workflow("sums")
    workflow.step(name="one")(lambda: 1)
    workflow.step(name="two")(lambda: 2)
    app = Ergate(queue=own, state_store=filelog)
    app.register_workflow(workflow)
    own.put(Job(id="a", workflow_name="sums"))
    with pytest.raises(EOFError):
        app.run()
    job = app.get_job("a")
    assert (job.status, job.steps_completed) == ("completed", 2)
    with pytest.raises(UsageError, match="only the app can put a Job into it"):
        app.enqueue("sums")
    app.close()


def test_the_queue_of_one_backend_can_stand_before_the_journal_of_another(filelog: str) -> None:
    with closing(open_broker("memory", filelog)) as broker:
        assert isinstance(broker, DirectBroker)
        assert (broker.is_shared, broker.level.name) == (False, "L0")


@pytest.mark.parametrize("half", [7, "sqlite"])
def test_what_is_no_queue_before_a_journal_is_refused(filelog: str, half: object) -> None:
    with pytest.raises(UsageError, match=r"cannot be a queue|is no queue apart"):
        open_broker(half, filelog)
