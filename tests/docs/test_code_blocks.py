"""What the pages show can be typed in, and does what they say.

On a page, a block with a title is a file, `<!-- run -->` above a block means that it is run, and
a console block that is run must print what is shown. All blocks of a page share one directory.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.console import Block, assert_prints_what_is_shown, blocks_of, running

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
RUN = [page for page in PAGES if any(block.mark for block in blocks_of(page))]
PYTHON = [
    (page, block) for page in PAGES for block in blocks_of(page) if block.language == "python"
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "block", [b for _, b in PYTHON], ids=[f"{name_of(page)}:{b.line}" for page, b in PYTHON]
)
def test_python_on_a_page_can_be_read_by_python(block: Block) -> None:
    ast.parse(block.text)


def test_the_tutorial_and_the_guides_are_run() -> None:
    named = {name_of(page) for page in RUN}
    assert {name_of(page) for page in ROOT.glob("docs/tutorial/*.md")} - named == {
        "docs/tutorial/index.md"
    }


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_blocks_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        for block in blocks_of(page):
            if block.title is not None:
                file = tmp_path / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            if block.mark == "run in the background":
                stack.enter_context(running(block.text, tmp_path))
            elif block.mark == "run" and block.language == "console":
                assert_prints_what_is_shown(block.text, tmp_path)
            elif block.mark == "run":
                _run_python(block, tmp_path)


def _run_python(block: Block, directory: Path) -> None:
    assert block.language == "python", block
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
