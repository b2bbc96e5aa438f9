from __future__ import annotations

import io

from ergate.display.console import make_console
from ergate.display.workflows import workflow_tree, workflows_table
from ergate.jobs.retry import Retry
from ergate.workflows.paths import GoToEndPath, GoToStepPath, NextStepPath
from ergate.workflows.workflow import Workflow


def order() -> Workflow:
    workflow = Workflow("order")

    @workflow.step(
        paths=[GoToStepPath("ship"), GoToEndPath(), NextStepPath()], retry=Retry(attempts=3)
    )
    def charge() -> None: ...

    @workflow.step(timeout_s=30, queue="mail")
    def notify() -> None: ...

    @workflow.step
    def ship() -> None: ...

    return workflow


def test_a_tree_shows_steps_in_order_with_the_ways_out_of_them() -> None:
    stream = io.StringIO()
    make_console(stream).print(workflow_tree(order()))
    assert stream.getvalue().splitlines() == [
        "order  3 steps",
        "├── 0 charge  up to 3 attempts",
        "│   ├── → notify  next",
        "│   ├── → ship",
        "│   └── → end",
        "├── 1 notify  at most 30s · queue mail",
        "└── 2 ship",
    ]


def test_a_list_shows_the_steps_of_each_workflow() -> None:
    stream = io.StringIO()
    make_console(stream).print(workflows_table([order()]))
    assert stream.getvalue().splitlines()[1].split() == ["order", "3", "charge,", "notify,", "ship"]
