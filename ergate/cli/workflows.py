"""`ergate workflows`: what an app can run."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ergate.cli.options import AppOption, JsonOption, ProfileOption, examples_text, new_app
from ergate.cli.place import open_app
from ergate.cli.printing import print_json, print_line, show, tell
from ergate.errors import InvalidDefinitionError, LoadError

if TYPE_CHECKING:
    from ergate.app import Ergate
    from ergate.workflows.workflow import Workflow

app = new_app(
    "Workflows of the app.",
    "ergate workflows list",
    "ergate workflows graph order --format mermaid",
    "ergate workflows check --app myapp:app",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The workflow's unique name.")]


class GraphFormat(StrEnum):
    """How a workflow is drawn."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


def _app(app_name: str | None, profile: str | None) -> Ergate[Any]:
    """Return the app; raises `LoadError` that says why there is none."""
    from ergate.settings import load_settings

    return open_app(load_settings({"app": app_name, "profile": profile}).settings.app)[0]


@app.command("list", epilog=examples_text("ergate workflows list", "ergate workflows list --json"))
def list_workflows(
    *, as_json: JsonOption = False, app_name: AppOption = None, profile: ProfileOption = None
) -> None:
    """List the app's workflows with their steps."""
    from ergate.display.workflows import workflows_table
    from ergate.documents.workflows import workflow_document

    workflows = sorted(_app(app_name, profile).registry, key=lambda one: one.unique_name)
    if as_json:
        print_json([workflow_document(workflow) for workflow in workflows])
    else:
        show(workflows_table(workflows))


@app.command("show", epilog=examples_text("ergate workflows show my_first_workflow"))
def show_workflow(
    name: NameArgument,
    *,
    as_json: JsonOption = False,
    app_name: AppOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show each step of a workflow: its types, where it leads, its attempts, limit and queue."""
    from ergate.display.steps import steps_table
    from ergate.documents.workflows import workflow_document

    workflow = _app(app_name, profile).registry.get(name)
    if as_json:
        print_json(workflow_document(workflow))
    else:
        show(steps_table(workflow))


@app.command(
    "graph",
    epilog=examples_text(
        "ergate workflows graph order",
        "ergate workflows graph order --format mermaid",
        "ergate workflows graph order --format svg > order.svg",
        "ergate workflows graph order --format dot | dot -Tpng -o order.png",
    ),
)
def graph_workflow(
    name: NameArgument,
    *,
    form: Annotated[
        GraphFormat, typer.Option("--format", help="A tree, or text that other programs draw.")
    ] = GraphFormat.TREE,
    as_json: JsonOption = False,
    app_name: AppOption = None,
    profile: ProfileOption = None,
) -> None:
    """Draw the steps of a workflow and the ways between them. With --json --format is not used."""
    from ergate.display.workflows import workflow_tree
    from ergate.documents.workflows import graph_document

    workflow = _app(app_name, profile).registry.get(name)
    if as_json:
        print_json(graph_document(workflow))
    elif form is GraphFormat.TREE:
        show(workflow_tree(workflow))
    else:
        print_line(_drawn(workflow, form))


def _drawn(workflow: Workflow, form: GraphFormat) -> str:
    from ergate.display import graph

    encoding = sys.stdout.encoding or "utf-8"
    if form is GraphFormat.SVG:
        # Character references are read the same in every encoding.
        return graph.svg(workflow).encode(encoding, "xmlcharrefreplace").decode(encoding)
    text = graph.mermaid(workflow) if form is GraphFormat.MERMAID else graph.dot(workflow)
    return text.encode(encoding, "backslashreplace").decode(encoding)


@app.command(
    "check",
    epilog=examples_text(
        "ergate workflows check",
        "ergate workflows check --app myapp:app --json",
    ),
)
def check_workflows(
    *, as_json: JsonOption = False, app_name: AppOption = None, profile: ProfileOption = None
) -> None:
    """Check all workflows of the app and print every fault; exit code 1 when there is one."""
    from ergate.display.figures import counted

    names, faults = _checked(app_name, profile)
    if as_json:
        print_json({"workflows": names, "faults": faults})
    else:
        for fault in faults:
            tell(f"error: {fault}")
        found = counted(len(faults), "fault") if faults else "no fault"
        print_line(f"{counted(len(names), 'workflow')}, {found}")
    if faults:
        raise typer.Exit(1)


def _checked(app_name: str | None, profile: str | None) -> tuple[list[str], list[str]]:
    """Return the names of the app's workflows, and all faults.

    Raises `LoadError` when there is no app to check.
    """
    from ergate.workflows.registry import collecting_faults

    with collecting_faults() as found:
        try:
            names = sorted(one.unique_name for one in _app(app_name, profile).registry)
        except LoadError as exc:
            # A declaration that is refused on the spot ends the import, and hides what follows.
            if not isinstance(exc.__cause__, InvalidDefinitionError):
                raise
            names = []
            found.append(exc.__cause__)
    return names, [str(fault) for fault in found]
