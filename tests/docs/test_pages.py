"""The documentation keeps its form, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]

CODE_BLOCK = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
TWO_SENTENCES = re.compile(r"[a-zäöü)`*][.!?] +[A-Z`*]")


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    words = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
    return re.sub(r"[\s-]+", "-", words)


def anchors(page: Path) -> set[str]:
    return {slug(text) for text in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_each_sentence_has_a_line_of_its_own(page: Path) -> None:
    crowded = [
        line
        for line in prose(page).splitlines()
        # List items and table cells may hold several short sentences.
        if not re.match(r"\s*([-*+]|\d+\.|\|)\s?", line) and TWO_SENTENCES.search(line)
    ]
    assert crowded == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_decision_is_listed_and_has_all_its_parts() -> None:
    listed = (ROOT / "docs/adr/index.md").read_text(encoding="utf-8")
    parts = ["Status", "Context", "Decision", "Consequences", "Rejected alternatives"]
    for page in sorted((ROOT / "docs/adr").glob("0*.md")):
        assert page.name in listed
        assert re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE) == parts


def test_the_site_is_built_strictly_and_hears_its_warnings() -> None:
    """With `--quiet` MkDocs counts no warnings, so that `--strict` would never fail."""
    (build,) = re.findall(r"mkdocs build (.+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert build == "--strict"
