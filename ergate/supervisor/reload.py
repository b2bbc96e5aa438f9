"""Looks for changed source files, so that workers load the app again while it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from ergate.errors import UsageError

SUFFIXES = (".py", ".toml", ".json")
Changes = Iterator[set[str]]


class Reloader:
    """Watches a directory in a thread of its own; the supervisor asks it at every turn."""

    def __init__(
        self, directory: Path, watch: Callable[[Path, threading.Event], Changes] | None = None
    ) -> None:
        """Raises `UsageError` when the library that watches files is missing."""
        if watch is None and find_spec("watchfiles") is None:
            raise UsageError(
                "--reload needs the library watchfiles, which is not installed. "
                'Run: pip install "ergate[reload]"'
            )
        self._directory = directory.resolve()
        self._watch = watch or _watched
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._collect, name="ergate-reload", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def take(self) -> tuple[str, ...]:
        """Return the files that changed since the last call, as seen from the directory."""
        with self._lock:
            files, self._changed = tuple(sorted(self._changed)), set()
        return files

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()

    def _collect(self) -> None:
        for paths in self._watch(self._directory, self._ended):
            with self._lock:
                self._changed |= {_relative(path, self._directory) for path in paths}


def _relative(path: str, directory: Path) -> str:
    place = Path(path)
    return str(place.relative_to(directory)) if place.is_relative_to(directory) else path


def _watched(directory: Path, ended: threading.Event) -> Changes:
    from watchfiles import Change, DefaultFilter, watch

    class Sources(DefaultFilter):
        """Leaves out what no app is made of: caches, environments, hidden directories."""

        def __call__(self, change: Change, path: str) -> bool:
            return path.endswith(SUFFIXES) and super().__call__(change, path)

    for changes in watch(
        directory, watch_filter=Sources(), stop_event=ended, debounce=300, raise_interrupt=False
    ):
        yield {path for _, path in changes}
