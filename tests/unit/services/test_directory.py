"""Definitions that live as files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ergate.clock import SystemClock
from ergate.errors import UsageError
from ergate.services.catalog import Catalog
from ergate.services.directory import register_directory
from ergate_backends.memory.store import MemoryStore
from tests.unit.services.definitions import EXAMPLES


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(MemoryStore(SystemClock()))


def test_services_come_before_the_workflows_that_call_them(
    catalog: Catalog, tmp_path: Path
) -> None:
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    assert register_directory(catalog, tmp_path) == len(list(tmp_path.glob("[sw]*-*.json")))
    assert [kept.definition.name for kept in catalog.workflows()] == ["order", "process-text"]


def test_every_file_with_a_fault_is_named(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "service-a.json").write_text("{")
    (tmp_path / "service-b.json").write_text(json.dumps({"name": "b"}))
    with pytest.raises(UsageError) as caught:
        register_directory(catalog, tmp_path)
    assert "service-a.json is no JSON" in str(caught.value)
    assert "service-b.json: " in str(caught.value)
    assert "address" in str(caught.value)


def test_a_directory_that_is_not_there_is_told(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        register_directory(catalog, tmp_path / "nowhere")
