"""Each example prints what its README shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.console import assert_prints_what_is_shown, blocks_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.parent.name for path in ROOT.glob("examples/*/README.md"))


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Return a copy of all examples: what they write goes there."""
    ignored = shutil.ignore_patterns(".ergate", "__pycache__")
    return Path(shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignored))


def sessions(name: str) -> list[str]:
    page = ROOT / "examples" / name / "README.md"
    return [block.text for block in blocks_of(page) if block.language == "console"]


def test_every_directory_of_examples_has_a_readme() -> None:
    directories = [path.name for path in (ROOT / "examples").iterdir() if path.is_dir()]
    assert sorted(name for name in directories if name != "__pycache__") == NAMES


@pytest.mark.usefixtures("custom_backend")
@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_what_its_readme_shows(name: str, examples: Path) -> None:
    shown = sessions(name)
    assert shown != []
    for session in shown:
        assert_prints_what_is_shown(session, examples / name)
