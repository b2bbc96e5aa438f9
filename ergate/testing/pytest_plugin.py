"""The fixtures and settings that pytest gets when Ergate is installed.

Every run of pytest in an environment with Ergate loads this file, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ergate.testing.harness import Harness


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and have failing assertions of the suites show their values."""
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    pytest.register_assert_rewrite("ergate.testing.conformance")


@pytest.fixture
def ergate_harness() -> Iterator[Callable[..., Harness[Any]]]:
    """Give a maker of harnesses that are open until the test ends: `ergate_harness(app)`.

    It takes what `ergate.testing.Harness` takes.
    """
    from contextlib import ExitStack

    from ergate.testing.harness import Harness

    with ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(Harness(app, **options))
