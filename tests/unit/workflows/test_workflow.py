"""What an author can write, and what is refused with which words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import pytest
from pydantic import BaseModel

from ergate.errors import (
    InvalidDefinitionError,
    ReverseGoToError,
    UnknownStepError,
    UnknownWorkflowError,
)
from ergate.injection.markers import Depends
from ergate.injection.resolve import StepValues
from ergate.jobs.retry import NO_RETRY, Retry
from ergate.workflows.control import AbortJob, GoToEnd, GoToStep, Steering
from ergate.workflows.paths import GoToEndPath, GoToStepPath, NextStepPath
from ergate.workflows.registry import Registry
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow


def nothing() -> None: ...


def workflow_of(*names: str) -> Workflow:
    workflow = Workflow(unique_name="w")
    for name in names:
        workflow.step(name=name)(nothing)
    return workflow


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(InvalidDefinitionError) as caught:
        act()
    return str(caught.value)


def test_a_step_stays_callable_as_its_function() -> None:
    workflow = Workflow(unique_name="w")

    @workflow.step
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    assert isinstance(double, WorkflowStep)
    assert (double(4), double(number=5)) == (8, 10)
    assert (double.name, double.index, double.workflow) == ("double", 0, workflow)
    assert (double.__doc__, double.__name__) == ("Twice as much.", "double")
    assert (double.retry, double.timeout_s, double.queue, double.paths) == (
        NO_RETRY,
        None,
        None,
        None,
    )


def test_options_are_kept() -> None:
    workflow = Workflow(unique_name="w")

    @workflow.step(retry=Retry(attempts=5), timeout_s=2, queue="slow", name="other")
    async def original() -> None: ...

    assert original.plan.is_async
    assert (original.name, original.timeout_s, original.queue) == ("other", 2, "slow")
    assert original.retry == Retry(attempts=5)


def test_steps_are_found_by_position_and_name_and_in_order() -> None:
    workflow = workflow_of("a", "b", "c")
    assert [step.name for step in workflow] == ["a", "b", "c"]
    assert (len(workflow), workflow[1].name, workflow["c"].index) == (3, "b", 2)
    assert ("b" in workflow, "x" in workflow) == (True, False)
    following = [workflow.next_after(index) for index in range(3)]
    assert following == [workflow[1], workflow[2], None]


def test_an_unknown_step_is_told_with_the_nearest_name() -> None:
    workflow = workflow_of("charge", "ship")
    with pytest.raises(UnknownStepError, match='Did you mean "charge"') as caught:
        workflow["chrage"]
    assert "Its steps: charge, ship." in str(caught.value)
    for index in (2, -1):
        with pytest.raises(UnknownStepError, match=f"step number {index}"):
            workflow[index]


def test_one_function_may_be_a_step_of_two_workflows() -> None:
    first, second = Workflow(unique_name="1"), Workflow(unique_name="2")
    in_first = first.step(nothing)
    in_second = second.step(in_first)
    assert in_second.function is in_first.function is nothing
    assert (in_first.workflow, in_second.workflow) == (first, second)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31m", "x" * 256, None, 5, "\ud800"])
def test_names_that_cannot_be_printed_or_are_too_long_are_refused(name: Any) -> None:
    assert "workflow cannot be named" in refusal(lambda: Workflow(unique_name=name))
    if name is not None:
        workflow = Workflow(unique_name="w")
        assert "step cannot be named" in refusal(lambda: workflow.step(name=name)(nothing))


def test_names_in_any_script_up_to_255_characters_are_fine() -> None:
    assert Workflow(unique_name="x" * 255).unique_name == "x" * 255
    assert Workflow(unique_name="注文 処理/v2").unique_name == "注文 処理/v2"


@pytest.mark.parametrize("timeout_s", [0, -1, True, "5", float("inf"), float("nan")])
def test_a_timeout_that_cannot_work_is_refused(timeout_s: Any) -> None:
    assert "timeout_s=" in refusal(lambda: workflow_of().step(timeout_s=timeout_s)(nothing))


def test_wrong_options_are_refused() -> None:
    wrong: Any = 3
    assert "Retry(attempts=3)" in refusal(lambda: workflow_of().step(retry=wrong)(nothing))
    assert "paths=" in refusal(lambda: workflow_of().step(paths=wrong)(nothing))
    assert "paths=" in refusal(lambda: workflow_of().step(paths=[wrong])(nothing))
    assert "queue" in refusal(lambda: workflow_of().step(queue="")(nothing))
    assert "must be a function" in refusal(lambda: workflow_of().step(wrong))


def test_two_steps_of_one_name_are_refused_at_declaration() -> None:
    workflow = workflow_of("a")
    assert 'already has a step named "a"' in refusal(lambda: workflow.step(name="a")(nothing))
    assert len(workflow) == 1


def test_the_fingerprint_follows_names_and_order_only() -> None:
    assert workflow_of("a", "b").fingerprint == workflow_of("a", "b").fingerprint
    prints = {workflow_of(*names).fingerprint for names in (["a", "b"], ["b", "a"], ["a,b"])}
    assert len(prints) == 3
    assert workflow_of("say_hi", "say_bye").fingerprint == "e30a4a0e7bd01fa5"


def test_a_goto_leads_forward_by_step_or_name() -> None:
    workflow = workflow_of("a", "b", "c")
    assert workflow.resolve_goto(0, GoToStep("c")) is workflow[2]
    assert workflow.resolve_goto(0, GoToStep(workflow[1])) is workflow[1]


@pytest.mark.parametrize("target", ["a", "b"])
def test_a_goto_backwards_or_to_itself_is_refused(target: str) -> None:
    with pytest.raises(ReverseGoToError, match=f'"{target}", which is not ahead'):
        workflow_of("a", "b", "c").resolve_goto(1, GoToStep(target))


def test_a_goto_to_no_step_of_this_workflow_is_refused() -> None:
    workflow, other = workflow_of("a", "b"), workflow_of("a", "b")
    for target in ("x", other[1]):
        with pytest.raises(UnknownStepError):
            workflow.resolve_goto(0, GoToStep(target))


def test_steering_is_not_caught_by_except_exception() -> None:
    for order in (GoToStep("a", retval=1), GoToEnd(2), AbortJob("why")):
        assert isinstance(order, Steering)
        assert not isinstance(order, Exception)
    assert (GoToStep("a", retval=1).retval, GoToEnd(2).retval, AbortJob("why").message) == (
        1,
        2,
        "why",
    )
    with pytest.raises(GoToEnd):
        raise GoToEnd
    assert (AbortJob().message, str(AbortJob("why")), GoToEnd().retval) == ("", "why", None)


def test_a_type_defined_below_the_step_is_found_at_registration() -> None:
    workflow = Workflow(unique_name="w")

    @workflow.step
    def early(value: DefinedBelow) -> None: ...

    workflow.check()
    arguments = early.plan.arguments(StepValues('{"x": 1}', None, lambda: None))
    assert arguments == {"value": DefinedBelow(x=1)}


def test_a_local_type_and_a_local_dependency_are_found() -> None:
    class Local(BaseModel):
        x: int

    def make() -> int:
        return 1

    workflow = Workflow(unique_name="w")

    @workflow.step
    def plain(value: Local) -> Local:
        return value

    @workflow.step(timeout_s=1)
    def depending(value: Local, made: Annotated[int, Depends(make)]) -> None: ...

    workflow.check()
    assert depending.plan.dependencies[0].function is make


def test_a_name_that_never_comes_is_told_at_registration() -> None:
    workflow = Workflow(unique_name="w")

    @workflow.step
    def early(value: Never_) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    message = refusal(lambda: Registry().register(workflow))
    assert "'Never_'" in message
    assert 'step "early"' in message


def test_a_model_that_never_gets_complete_is_told_at_registration() -> None:
    class Holder(BaseModel):
        inner: Absent  # type: ignore[name-defined]  # noqa: F821

    workflow = Workflow(unique_name="w")

    @workflow.step
    def take(value: Holder) -> None: ...

    assert "Absent" in refusal(workflow.check)


class DefinedBelow(BaseModel):
    x: int


def test_a_workflow_without_steps_is_refused() -> None:
    assert "has no steps" in refusal(workflow_of().check)


def test_a_path_to_a_missing_step_is_refused_with_the_nearest_name() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[GoToStepPath("shipp")])(nothing)
    workflow.step(name="ship")(nothing)
    message = refusal(workflow.check)
    assert "leads nowhere" in message
    assert 'Did you mean "ship"?' in message


def test_a_path_that_goes_back_is_refused() -> None:
    workflow = workflow_of("a")
    workflow.step(name="b", paths=[GoToStepPath("a")])(nothing)
    assert 'leads to step "a", which is not ahead' in refusal(workflow.check)


def test_a_step_after_registration_is_refused() -> None:
    workflow = workflow_of("a")
    Registry().register(workflow)
    assert "comes too late" in refusal(lambda: workflow.step(name="b")(nothing))


def returns(annotation: Any) -> Callable[[], Any]:
    def function() -> Any: ...

    function.__annotations__ = {"return": annotation}
    return function


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(None, [2]), (int, [1, 2]), (Any, [1, 2]), (NoReturn, [2])],
)
def test_a_step_with_paths_has_the_next_step_if_it_returns_something(
    annotation: Any, expected: list[int]
) -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[GoToStepPath("c")])(returns(annotation))
    workflow.step(name="b")(nothing)
    workflow.step(name="c")(nothing)
    assert list(workflow.graph.successors[0]) == expected


def test_declared_next_and_end_are_ways_too() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[NextStepPath(), GoToEndPath()])(nothing)
    workflow.step(name="b")(nothing)
    assert workflow.graph.successors == ((1, 2), (2,))


def test_progress_counts_the_longest_way_that_is_still_open() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[GoToStepPath("d")])(returns(int))
    for name in "bcd":
        workflow.step(name=name)(nothing)
    assert [workflow.progress(done, done) for done in range(5)] == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert workflow.progress(1, 3) == 50.0
    assert workflow.progress(1, None) == 100.0


def test_progress_does_not_fall_when_a_job_leaves_its_declared_paths() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a")(nothing)
    workflow.step(name="b", paths=[GoToEndPath()])(nothing)
    for name in "cdef":
        workflow.step(name=name)(nothing)
    before = workflow.progress(1, 1)
    assert (before, workflow.progress(2, 2)) == (50.0, 100 / 3)
    assert workflow.progress(2, 2, so_far=before) == before


def test_sixty_branching_steps_register_in_milliseconds() -> None:
    began = time.perf_counter()
    workflow = Workflow(unique_name="w")
    for index in range(60):
        paths = [GoToStepPath(f"s{later}") for later in range(index + 1, 60)]
        workflow.step(name=f"s{index}", paths=paths)(returns(int))
    Registry().register(workflow)
    took_s = time.perf_counter() - began
    assert workflow.graph.longest_from(0) == 60
    assert took_s < 0.2  # 20 ms is the aim; a busy test machine gets ten times that


def test_a_registry_knows_its_workflows_by_name() -> None:
    registry, workflow = Registry(), workflow_of("a")
    registry.register(workflow)
    registry.register(workflow)
    assert (registry.get("w"), "w" in registry, len(registry)) == (workflow, True, 1)
    assert list(registry) == [workflow]


def test_a_second_workflow_of_the_same_name_is_refused() -> None:
    registry = Registry()
    registry.register(workflow_of("a"))
    assert "already registered" in refusal(lambda: registry.register(workflow_of("b")))
    wrong: Any = "w"
    assert "not a Workflow" in refusal(lambda: registry.register(wrong))


def test_an_unknown_workflow_is_told_with_the_nearest_name() -> None:
    registry = Registry()
    registry.register(workflow_of("a"))
    with pytest.raises(UnknownWorkflowError, match=r'Did you mean "w"\? Registered: w\.'):
        registry.get("ww")
