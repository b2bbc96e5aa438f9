"""The longest way through a graph, and progress along any way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ergate.workflows.paths import GoToEndPath, GoToStepPath, Graph, NextStepPath, Path
from ergate.workflows.workflow import Workflow


@st.composite
def successor_lists(draw: st.DrawFn, most: int = 8) -> list[list[int]]:
    size = draw(st.integers(1, most))
    return [
        sorted(draw(st.sets(st.integers(index + 1, size), min_size=1))) for index in range(size)
    ]


def brute_force(successors: list[list[int]], index: int) -> int:
    if index == len(successors):
        return 0
    return 1 + max(brute_force(successors, after) for after in successors[index])


@given(successor_lists())
@settings(max_examples=100, deadline=None)
def test_the_longest_way_is_the_longest_of_all_ways(successors: list[list[int]]) -> None:
    graph = Graph(successors)
    expected = [brute_force(successors, index) for index in range(len(successors) + 1)]
    assert [graph.longest_from(index) for index in range(len(expected))] == expected


def test_a_step_without_a_way_out_is_the_last() -> None:
    assert Graph([[]]).longest_from(0) == 1


def test_five_thousand_steps_do_not_overflow_the_stack() -> None:
    graph = Graph([[index + 1] for index in range(5000)])
    assert (graph.longest_from(0), graph.longest_from(4999), graph.longest_from(5000)) == (
        5000,
        1,
        0,
    )


def test_each_way_is_looked_at_once() -> None:
    looked_at = 0

    class Counted(int):
        def __index__(self) -> int:
            nonlocal looked_at
            looked_at += 1
            return int(self)

    size = 60
    ways = [[Counted(later) for later in range(index + 1, size + 1)] for index in range(size)]
    assert Graph(ways).longest_from(0) == size
    assert looked_at <= size * size


def quiet() -> None: ...
def talks() -> int:
    return 1


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    size = draw(st.integers(1, 12))
    workflow = Workflow(unique_name="w")
    for index in range(size):
        ways: list[Path] = [GoToStepPath(f"s{later}") for later in range(index + 1, size)]
        ways += [GoToEndPath(), NextStepPath()]
        paths = draw(st.none() | st.lists(st.sampled_from(ways), min_size=1, max_size=4))
        function = draw(st.sampled_from([quiet, talks]))
        workflow.step(name=f"s{index}", paths=paths)(function)
    return workflow


@given(workflows(), st.data())
@settings(max_examples=150, deadline=None)
def test_progress_never_falls_on_declared_ways_and_ends_at_100(
    workflow: Workflow, data: st.DataObject
) -> None:
    seen, at = [workflow.progress(0, 0)], 0
    while at < len(workflow):
        at = data.draw(st.sampled_from(workflow.graph.successors[at]))
        seen.append(workflow.progress(len(seen), at))
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 100.0
    assert all(percent < 100.0 for percent in seen[:-1])


@given(workflows())
@settings(max_examples=50, deadline=None)
def test_every_declared_way_leads_forward(workflow: Workflow) -> None:
    for index, ways in enumerate(workflow.graph.successors):
        assert ways
        assert all(index < after <= len(workflow) for after in ways)
