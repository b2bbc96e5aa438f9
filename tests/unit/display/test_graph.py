"""Graphs are the same on every machine, and names cannot break out of them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from ergate.display.graph import dot, mermaid, svg
from ergate.workflows.paths import GoToEndPath, GoToStepPath, Path
from ergate.workflows.ways import Way, ways
from ergate.workflows.workflow import Workflow

names = st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable() and text.strip())


def order() -> Workflow:
    workflow = Workflow("order")

    @workflow.step(paths=[GoToStepPath("ship", retval=int), GoToEndPath()])
    def charge(n: int) -> int:
        return n

    @workflow.step
    def pack(n: int) -> int:
        return n

    @workflow.step
    def ship(n: int) -> int:
        return n

    return workflow


def of_names(name: str, steps: list[str]) -> Workflow:
    """Return a workflow whose every step may jump to every later one and to the end."""
    workflow = Workflow(name)
    for number, step in enumerate(steps):
        paths: list[Path] = [GoToStepPath(later) for later in steps[number + 1 :]]

        def function() -> None: ...

        workflow.step(name=step, paths=[*paths, GoToEndPath()])(function)
    return workflow


def test_each_way_has_its_kind() -> None:
    assert list(ways(order())) == [
        Way(0, 1, "next"),
        Way(0, 2, "goto"),
        Way(0, 3, "end"),
        Way(1, 2, "next"),
        Way(2, 3, "next"),
    ]


def test_a_mermaid_chart_has_a_line_for_each_step_and_way() -> None:
    assert mermaid(order()).splitlines() == [
        "flowchart TD",
        '    s0["charge"]',
        '    s1["pack"]',
        '    s2["ship"]',
        "    finish((end))",
        "    s0 --> s1",
        "    s0 -. GoToStep .-> s2",
        "    s0 -. GoToEnd .-> finish",
        "    s1 --> s2",
        "    s2 --> finish",
    ]


def test_a_dot_graph_has_a_line_for_each_step_and_way() -> None:
    assert dot(order()).splitlines() == [
        'digraph "order" {',
        "    node [shape=box, style=rounded];",
        '    finish [label="end", shape=circle];',
        '    s0 [label="charge"];',
        '    s1 [label="pack"];',
        '    s2 [label="ship"];',
        "    s0 -> s1;",
        '    s0 -> s2 [style=dashed, label="GoToStep"];',
        '    s0 -> finish [style=dashed, label="GoToEnd"];',
        "    s1 -> s2;",
        "    s2 -> finish;",
        "}",
    ]


def test_a_picture_shows_each_step_and_way_once() -> None:
    root = ET.fromstring(svg(order()))
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert (tags.count("rect"), tags.count("text"), tags.count("path")) == (4, 4, 5)
    texts = [element.text for element in root if element.tag.endswith("text")]
    assert texts == ["charge", "pack", "ship", "end"]


def test_a_picture_is_the_same_each_time() -> None:
    assert svg(order()) == svg(order())


@given(names, st.lists(names, min_size=1, max_size=6, unique=True))
def test_names_cannot_break_out_of_a_picture(name: str, steps: list[str]) -> None:
    root = ET.fromstring(svg(of_names(name, steps)))
    texts = [element.text for element in root if element.tag.endswith("text")]
    assert texts == [*steps, "end"]


@given(names, st.lists(names, min_size=1, max_size=6, unique=True))
def test_names_cannot_break_out_of_dot(name: str, steps: list[str]) -> None:
    quoted = r'"(?:[^"\\]|\\[\\"])*"'
    text = dot(of_names(name, steps))
    labels = re.findall(rf"^    s\d+ \[label=({quoted})\];$", text, re.MULTILINE)
    assert [re.sub(r"\\(.)", r"\1", label[1:-1]) for label in labels] == steps


@given(names, st.lists(names, min_size=1, max_size=6, unique=True))
def test_names_cannot_break_out_of_mermaid(name: str, steps: list[str]) -> None:
    labels = re.findall(r'^    s\d+\["([^"]*)"\]$', mermaid(of_names(name, steps)), re.MULTILINE)
    assert [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label) for label in labels] == steps


def test_two_jumps_that_overlap_have_lanes_of_their_own() -> None:
    root = ET.fromstring(svg(of_names("w", list("abcde"))))
    jumps = [element.get("d", "") for element in root if "H" in element.get("d", "")]
    lanes = [(re.findall(r"Q(\d+),", d)[0], re.findall(r"M\d+,(\d+)", d)[0]) for d in jumps]
    assert len(set(lanes)) == len(jumps)
    width = int(root.get("width", "0"))
    assert all(int(lane) < width for lane, _ in lanes)


def test_a_workflow_of_sixty_steps_that_branch_is_drawn() -> None:
    root = ET.fromstring(svg(of_names("w", [f"step {n}" for n in range(60)])))
    assert sum(element.tag.endswith("path") for element in root) == 60 * 61 // 2
