"""Each proof that the page on guarantees names is a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/guarantees.md"


def defined_tests() -> set[str]:
    """Return the names of all test functions and of the conformance suites' methods."""
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("ergate/testing/**/*.py")]
    return {
        node.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def named_tests() -> list[str]:
    return re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))


def test_the_page_names_at_least_one_proof() -> None:
    assert len(named_tests()) > 0


def test_every_proof_that_is_named_exists() -> None:
    known = defined_tests()
    assert [name for name in named_tests() if name not in known] == []


def test_no_fault_is_listed_without_a_proof() -> None:
    rows = re.findall(r"^\| (?!fault|-)(.+?) \|", _matrix(), re.MULTILINE)
    proven = re.findall(r"^\| (?!fault|-)(.+?) \|.*`test_\w+`", _matrix(), re.MULTILINE)
    assert rows == proven


def _matrix() -> str:
    text = PAGE.read_text(encoding="utf-8").partition("\n## Faults and their proofs\n")[2]
    return text.partition("\n## ")[0]


def test_every_suite_is_where_the_page_says() -> None:
    named = re.findall(r"`(tests/\S+)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or f"class {name}(" not in (ROOT / path).read_text("utf-8")
    ]
    assert missing == []
