"""A file of JSON lines. One line is one act: it is there whole, or it never happened."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ergate.errors import BackendUnavailable

Change = tuple[str, str, Any]
"""A table, a key, and what stands there now; None when it is gone."""


class Journal:
    """Appends acts, and reads them back; belongs to one process at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._stream = file.open("a+", encoding="ascii")
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BackendUnavailable(f"{file} is in use by another process.") from exc
        except OSError as exc:
            raise BackendUnavailable(f"{file} cannot be opened: {exc.strerror}.") from exc

    def append(self, changes: Iterable[Change]) -> None:
        """Write one act. It survives the end of this process, though not a power loss."""
        end = self._stream.seek(0, 2)
        try:
            self._stream.write(json.dumps(list(changes)) + "\n")
            self._stream.flush()
        except OSError as exc:
            self._stream.truncate(end)
            raise BackendUnavailable(f"{self._file} cannot be written: {exc.strerror}.") from exc

    def read(self) -> Iterator[Change]:
        """Yield every change, the oldest first; the torn last line of a crash is cut off."""
        self._stream.seek(0)
        end = 0
        for line in iter(self._stream.readline, ""):
            if not line.endswith("\n"):
                self._stream.truncate(end)
                break
            yield from map(tuple, json.loads(line))
            end = self._stream.tell()

    def close(self) -> None:
        self._stream.close()
