"""What the tests of the examples share."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def custom_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put on the path what `pip install -e examples/custom_backend` would, without a network."""
    package = ROOT / "examples/custom_backend"
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    installed = tmp_path / "installed"
    metadata = installed / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    )
    sections = [
        "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(sections))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(installed), str(package)]))
    return package
