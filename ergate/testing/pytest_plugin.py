"""The fixtures and settings that pytest gets when Ergate is installed.

Every run of pytest in an environment with Ergate loads this file, so it imports next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and have failing assertions of the suites show their values."""
    import pytest

    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    pytest.register_assert_rewrite("ergate.testing.conformance")
