"""Workflows as the command line shows them: a list, and one as a tree of its steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from ergate.display.escape import escape, safe
from ergate.display.figures import counted, span
from ergate.display.styles import BUSY, GOOD, QUIET, TITLE
from ergate.display.tables import new_table
from ergate.workflows.step import WorkflowStep
from ergate.workflows.workflow import Workflow


def workflows_table(
    workflows: Sequence[Workflow], declared: Collection[str] = ()
) -> RenderableType:
    """Return workflows, one in a line with the names of its steps.

    Where some are `declared`, each says where it is from.
    """
    if not workflows:
        return Text("No workflows.", style=QUIET)
    table = new_table("workflow", *(["from"] if declared else []), ">steps", "names*")
    for workflow in workflows:
        name = workflow.unique_name
        source = [Text("definition" if name in declared else "app", QUIET)] if declared else []
        names = ", ".join(step.name for step in workflow)
        table.add_row(safe(name), *source, str(len(workflow)), safe(names, QUIET))
    return table


def workflow_tree(workflow: Workflow) -> Tree:
    """Return the steps in their order, each with the ways that lead out of it.

    The only way of a plain step, to the next one, is left out: the order shows it.
    """
    title = Text.assemble((escape(workflow.unique_name), TITLE))
    title.append(f"  {counted(len(workflow), 'step')}", style=QUIET)
    tree = Tree(title, guide_style=QUIET)
    for step in workflow:
        branch = tree.add(_step_line(step))
        ways = workflow.graph.successors[step.index]
        if tuple(ways) != (step.index + 1,):
            for way in ways:
                branch.add(_way_line(workflow, step.index, way))
    return tree


def _step_line(step: WorkflowStep[..., Any]) -> Text:
    line = Text.assemble((f"{step.index} ", QUIET), (escape(step.name), BUSY))
    facts = []
    if step.retry.attempts > 1:
        facts.append(f"up to {counted(step.retry.attempts, 'attempt')}")
    if step.timeout_s is not None:
        facts.append(f"at most {span(step.timeout_s)}")
    if step.queue is not None:
        facts.append(f"queue {step.queue}")
    if facts:
        line.append(escape("  " + " · ".join(facts)), style=QUIET)
    return line


def _way_line(workflow: Workflow, index: int, way: int) -> Text:
    if way >= len(workflow):
        return Text.assemble("→ ", ("end", GOOD))
    kind = "  next" if way == index + 1 else ""
    return Text.assemble(f"→ {escape(workflow[way].name)}", (kind, QUIET))
