"""What comes out of a queue or a database is data: nothing in the packages can execute it."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import Source, imported_modules, read_sources

EXECUTING_MODULES = {
    "cloudpickle",
    "code",
    "dill",
    "jsonpickle",
    "marshal",
    "pickle",
    "shelve",
    "yaml",
}
EXECUTING_CALLS = {"eval", "exec", "compile"}

SOURCES = read_sources()
IDS = [source.name for source in SOURCES]


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_no_serialiser_that_runs_code_is_imported(source: Source) -> None:
    roots = {module.partition(".")[0] for module in imported_modules(source.tree)}
    assert roots & EXECUTING_MODULES == set()


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_no_text_is_run_as_code(source: Source) -> None:
    calls = {
        node.func.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls & EXECUTING_CALLS == set()


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_no_command_line_goes_through_a_shell(source: Source) -> None:
    through_a_shell = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "shell" and getattr(keyword.value, "value", True) is not False
    ]
    assert through_a_shell == []
