"""The names of `ergate.testing` are imported when they are used, and loading them costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ergate.testing


@pytest.mark.parametrize("name", ergate.testing.__all__)
def test_every_public_name_exists_and_is_explained(name: str) -> None:
    assert getattr(ergate.testing, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        ergate.testing.Nothing  # noqa: B018  reading it is the test


@pytest.mark.parametrize(
    ("module", "allowed"),
    [("ergate.testing", set()), ("ergate.testing.pytest_plugin", {"pytest"})],
)
def test_importing_it_brings_nothing_heavy(module: str, allowed: set[str]) -> None:
    program = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert roots & {"pytest", "hypothesis", "ergate_backends"} <= allowed
