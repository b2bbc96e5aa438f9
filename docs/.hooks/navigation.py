"""Builds the site's navigation from the pages that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SECTIONS = {
    "Tutorial": "tutorial",
    "How-to": "how-to",
    "Explanation": "explanation",
    "Reference": "reference",
    "Decisions": "adr",
}


def on_config(config: Any) -> Any:
    """Set `nav`: the home page, then each section that has pages, its index first."""
    docs = Path(config["docs_dir"])
    sections = {title: pages_in(docs, folder) for title, folder in SECTIONS.items()}
    config["nav"] = [
        {"Home": "index.md"},
        *({title: pages} for title, pages in sections.items() if pages),
    ]
    return config


def pages_in(docs: Path, folder: str) -> list[str]:
    """Return the pages of one section as MkDocs wants them, `index.md` before all others."""
    pages = sorted((docs / folder).glob("*.md"), key=lambda page: (page.stem != "index", page.name))
    return [page.relative_to(docs).as_posix() for page in pages]
