"""What `ergate workflows` shows."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import Shop, open_shop

FAULTY = """
from ergate import Ergate, GoToStepPath, Workflow

app = Ergate()
one, two, three = Workflow("one"), Workflow("two"), Workflow("three")


@one.step
def number() -> int: ...


@one.step
def text(value: str) -> str: ...


@one.step(paths=[])
def third(value: dict[str, int]) -> list[int]: ...


@two.step(paths=[GoToStepPath("nowhere")])
def first() -> None: ...


@three.step
def fine() -> None: ...


app.register_workflow(one)
app.register_workflow(two)
app.register_workflow(three)
app.register_workflow(Workflow("three"))
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from open_shop(tmp_path, monkeypatch)


def test_the_list_names_the_steps(shop: Shop) -> None:
    assert shop.run("workflows", "list").stdout.splitlines()[1].split() == [
        "order",
        "4",
        "fetch,",
        "charge,",
        "pack,",
        "ship",
    ]
    assert [one["name"] for one in shop.json("workflows", "list")] == ["order"]


def test_one_workflow_is_shown_with_the_types_of_its_steps(shop: Shop) -> None:
    workflow = shop.json("workflows", "show", "order")
    steps = [(one["name"], one["takes"], one["returns"]) for one in workflow["steps"]]
    assert steps == [
        ("fetch", "n: int", "int"),
        ("charge", "n: int", "int"),
        ("pack", "n: int", "int"),
        ("ship", "n: int", "str"),
    ]
    assert workflow["steps"][1]["leads_to"] == ["pack", "ship"]
    assert "pack, ship" in shop.run("workflows", "show", "order").stdout


def test_an_unknown_workflow_ends_with_3_and_the_near_miss(shop: Shop) -> None:
    for verb in ("show", "graph"):
        assert 'Did you mean "order"?' in shop.run("workflows", verb, "ordre", code=3).stderr


def test_the_graph_is_drawn_in_each_form(shop: Shop) -> None:
    words = ("workflows", "graph", "order")
    assert "→ ship" in shop.run(*words).stdout
    assert shop.run(*words, "--format", "mermaid").stdout.startswith("flowchart TD\n")
    assert shop.run(*words, "--format", "dot").stdout.startswith('digraph "order" {\n')
    assert ET.fromstring(shop.run(*words, "--format", "svg").stdout).tag.endswith("svg")
    assert shop.json(*words)["ways"][1:3] == [
        {"from": "charge", "to": "pack", "kind": "next"},
        {"from": "charge", "to": "ship", "kind": "goto"},
    ]


def test_a_check_without_faults_ends_with_0(shop: Shop) -> None:
    assert shop.run("workflows", "check").stdout == "1 workflow, no fault\n"


def test_a_check_prints_all_faults_at_once_and_ends_with_1(shop: Shop) -> None:
    (shop.directory / "app.py").write_text(FAULTY)
    found = json.loads(shop.run("workflows", "check", "--json", code=1).stdout)
    assert found["workflows"] == ["one", "three", "two"]
    parts = ['"number" returns int', '"text" returns str', "nowhere", "'three' is already", "no st"]
    assert [part for part, fault in zip(parts, found["faults"], strict=True) if part in fault] == (
        parts
    )


def test_faults_are_told_on_stderr_and_counted_on_stdout(shop: Shop) -> None:
    (shop.directory / "app.py").write_text(FAULTY)
    done = shop.run("workflows", "check", code=1)
    assert done.stderr.count("error: ") == 5
    assert done.stdout == "3 workflows, 5 faults\n"


def test_a_declaration_that_is_refused_on_the_spot_is_a_fault(shop: Shop) -> None:
    (shop.directory / "app.py").write_text("from ergate import Workflow\nWorkflow('')\n")
    assert "it is empty" in shop.run("workflows", "check", code=1).stderr


def test_without_an_app_there_is_nothing_to_check(shop: Shop) -> None:
    (shop.directory / "app.py").unlink()
    for words in (["check"], ["list"], ["show", "order"], ["graph", "order"]):
        assert "No app was named" in shop.run("workflows", *words, code=2).stderr
