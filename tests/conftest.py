"""What every test gets: no settings from outside, and a working directory of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["ergate.testing.servers.fixtures"]

# Tests run side by side, and how long one takes says nothing then; in CI hypothesis knows itself.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("busy")

# A shell that starts something in the background has it ignore Ctrl-C, and all that it starts, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


HERE = Path(__file__).parent
REAL_PROCESSES = ("browser", "cli", "docs", "examples", "integration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, and give those of real processes a second try, which the summary names.

    They have deadlines in seconds, and other work on the machine can make one late. A test that
    needs its second try is still a question to answer: look for RERUN in the summary.
    Modules with slow tests come first, then those of whole systems, so that none of them runs on
    alone at the end.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    systems = HERE / "integration"
    items.sort(key=lambda item: (item.path not in slow, systems not in item.path.parents))
    for item in items:
        if any(HERE / room in item.path.parents for room in REAL_PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every `ERGATE_…` variable, so that a developer's shell changes no result."""
    for name in [name for name in os.environ if name.startswith("ERGATE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_apps_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget apps that a test has imported: `app.py` is a name that many directories use."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("app", "main", "myapp"):
        sys.modules.pop(name, None)


@pytest.fixture
def work_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty directory the working directory for one test, and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Return the directory that holds `pyproject.toml`."""
    return Path(__file__).resolve().parent.parent
