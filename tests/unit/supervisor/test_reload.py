"""What the reloader tells of changed files."""

from __future__ import annotations

import importlib.util
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.errors import UsageError
from ergate.supervisor.reload import Reloader


class Watch:
    """Stands in for the library that watches files: tells what a test says."""

    def __init__(self) -> None:
        self.changes: queue.Queue[set[str] | None] = queue.Queue()
        self.is_heard = threading.Semaphore(0)

    def __call__(self, _directory: Path, _ended: threading.Event) -> Iterator[set[str]]:
        while (paths := self.changes.get()) is not None:
            yield paths
            self.is_heard.release()

    def tell(self, *paths: str) -> None:
        self.changes.put(set(paths))
        assert self.is_heard.acquire(timeout=10)


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.changes.put(None)


def test_it_collects_files_until_they_are_taken(watch: Watch, tmp_path: Path) -> None:
    reloader = Reloader(tmp_path, watch)
    reloader.start()
    assert reloader.take() == ()
    watch.tell(str(tmp_path / "b.py"), str(tmp_path / "shop/a.py"))
    watch.tell(str(tmp_path / "b.py"))
    assert reloader.take() == ("b.py", "shop/a.py")
    assert reloader.take() == ()


def test_a_file_elsewhere_keeps_its_whole_path(watch: Watch, tmp_path: Path) -> None:
    reloader = Reloader(tmp_path, watch)
    reloader.start()
    watch.tell("/elsewhere/a.py")
    assert reloader.take() == ("/elsewhere/a.py",)


def test_without_the_library_the_command_to_install_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ergate.supervisor.reload.find_spec", lambda _name: None)
    assert importlib.util.find_spec("watchfiles") is not None
    with pytest.raises(UsageError, match=r'pip install "ergate\[reload\]"'):
        Reloader(tmp_path)
