"""A registry checks what comes in, and tells one fault or all of them."""

from __future__ import annotations

import pytest

from ergate.errors import InvalidDefinitionError, UnknownWorkflowError
from ergate.workflows.paths import GoToStepPath
from ergate.workflows.registry import Registry, collecting_faults
from ergate.workflows.workflow import Workflow


def faulty(name: str = "faulty") -> Workflow:
    workflow = Workflow(name)

    @workflow.step
    def number() -> int:
        return 1

    @workflow.step
    def text(value: str) -> str:
        return value

    @workflow.step
    def table(value: dict[str, int]) -> None:
        """Take what no text can be."""

    return workflow


def test_the_first_fault_is_raised_and_the_workflow_is_not_registered() -> None:
    registry = Registry()
    with pytest.raises(InvalidDefinitionError, match='"number" returns int'):
        registry.register(faulty())
    assert len(registry) == 0


def test_within_a_collection_all_faults_of_all_workflows_are_gathered() -> None:
    registry = Registry()
    with collecting_faults() as faults:
        registry.register(faulty("one"))
        registry.register(Workflow("two"))
    assert [str(fault).split(",")[0] for fault in faults] == [
        'Step "number" returns int',
        'Step "text" returns str',
        "Workflow 'two' has no steps. Add one with @workflow.step",
    ]


def test_a_path_that_leads_nowhere_is_one_fault() -> None:
    workflow = Workflow("w")

    @workflow.step(paths=[GoToStepPath("nowhere")])
    def first() -> None:
        """Lead nowhere."""

    with collecting_faults() as faults:
        Registry().register(workflow)
    assert len(faults) == 1


def test_after_a_collection_faults_are_raised_again() -> None:
    with collecting_faults():
        Registry().register(faulty())
    with pytest.raises(InvalidDefinitionError):
        Registry().register(faulty())


def test_a_name_that_is_taken_is_a_fault_and_the_first_workflow_stays() -> None:
    registry = Registry()
    first = Workflow("w")
    first.step(name="a")(lambda: None)
    registry.register(first)
    with collecting_faults() as faults:
        registry.register(Workflow("w"))
    assert "already registered" in str(faults[0])
    assert registry.get("w") is first


class OneDeclared:
    """A source with one workflow, which notes what it was asked."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.asked: list[tuple[str, str | None]] = []

    def find(self, name: str, version: str | None) -> Workflow | None:
        self.asked.append((name, version))
        return self.workflow if name == self.workflow.unique_name else None

    def names(self) -> list[str]:
        return [self.workflow.unique_name]


def named(name: str) -> Workflow:
    workflow = Workflow(name)

    @workflow.step
    def only() -> None: ...

    return workflow


def test_declared_workflows_are_found_beside_the_app_s_own() -> None:
    own, declared = named("own"), named("declared")
    registry = Registry()
    source = OneDeclared(declared)
    both = registry.beside(source)
    registry.register(own)
    assert both.get("own", "v1") is own
    assert both.get("declared", "v1") is declared
    assert source.asked == [("declared", "v1")], "the app's own are not asked for"
    assert "declared" in both
    assert "declared" not in registry
    assert both.find("neither") is None
    with pytest.raises(UnknownWorkflowError, match="Registered: declared, own"):
        both.get("neither")


def test_a_version_stands_for_the_steps_in_what_jobs_keep() -> None:
    workflow = Workflow("w", version="v1")
    assert workflow.fingerprint == "v1"
    assert named("w").fingerprint != "v1"
