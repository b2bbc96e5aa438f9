"""The same storms with an external queue between the workers and SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from ergate.plugins.manager import installed_plugins
from ergate.testing.crash import CrashSuite
from ergate.testing.scene import Addresses

METADATA = "Metadata-Version: 2.1\nName: ergate-file-queue\nVersion: 1\n"
ENTRY_POINTS = "[ergate]\nfilequeue = tests.integration.file_queue\n"


@pytest.fixture
def file_queue(
    tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Install the queue's plugin for this process and those that it starts."""
    place = tmp_path / "site" / "ergate_file_queue-1.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(METADATA)
    (place / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(place.parent))
    monkeypatch.setenv("PYTHONPATH", f"{place.parent}:{project_root}")
    installed_plugins.cache_clear()
    yield
    installed_plugins.cache_clear()


class TestRelayed(CrashSuite):
    storm_jobs: ClassVar[int] = 1500
    storm_kills: ClassVar[int] = 12

    @pytest.fixture
    def addresses(self, tmp_path: Path, file_queue: None) -> Addresses:
        return Addresses(
            state_store=f"sqlite:///{tmp_path / 'jobs.db'}",
            queue=f"filequeue:///{tmp_path / 'queue.db'}",
        )
