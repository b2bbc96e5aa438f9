"""A file and a function stay small enough to be read in one sitting."""

from __future__ import annotations

import ast

from tests.architecture.sources import read_sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {source.name: len(source.text.splitlines()) for source in read_sources()}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = {
        f"{source.name}:{node.lineno} {node.name}": lines
        for source in read_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert too_long == {}
