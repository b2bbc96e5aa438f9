"""The pages on commands and settings say what the code says, and leave nothing out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from ergate.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
WRITER = ROOT / "docs/.hooks/reference.py"


def writer() -> ModuleType:
    """Return the module that writes the pages."""
    spec = importlib.util.spec_from_file_location("reference_pages", WRITER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "settings.md"])
def test_the_page_is_what_the_code_says(page: str) -> None:
    written: str = writer().PAGES[page]()
    stored = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    assert stored == written, f"run: python {WRITER.relative_to(ROOT)}"


def test_every_setting_has_a_heading_its_variable_and_its_flag() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert headings == list(Settings.model_fields)
    for name in Settings.model_fields:
        assert f"`ERGATE_{name.upper()}`" in text
    for flag in ("--state", "--max-rss", "--grace", "--lease", "--log-level"):
        assert f"`{flag}`" in text


def test_every_environment_variable_that_the_code_reads_is_documented() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    sources = [*ROOT.glob("ergate/**/*.py"), *ROOT.glob("ergate_backends/**/*.py")]
    used = {
        name
        for file in sources
        if "testing" not in file.parts
        for name in re.findall(r"\bERGATE_[A-Z]+(?:_[A-Z]+)*\b(?!_)", file.read_text("utf-8"))
    }
    assert {name for name in used if f"`{name}`" not in text and f"{name}=" not in text} == set()
