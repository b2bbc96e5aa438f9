"""`ergate workflows`: what an app can run, and what is declared in the store."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.definition_files import FilesArgument, catalog_of, register_files
from ergate.cli.known_workflows import known_workflows
from ergate.cli.options import (
    AppOption,
    JsonOption,
    ProfileOption,
    QueueOption,
    StateOption,
    examples_text,
    new_app,
)
from ergate.cli.place import Place, find_place, with_place
from ergate.cli.printing import print_json, print_line, show, tell
from ergate.errors import InvalidDefinitionError, LoadError
from ergate.loading import NoAppError

if TYPE_CHECKING:
    from ergate.workflows.workflow import Workflow

app = new_app(
    "Workflows of the app, and those declared as JSON.",
    "ergate workflows list",
    "ergate workflows register workflow-process-text.json",
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


@app.command("list", epilog=examples_text("ergate workflows list", "ergate workflows list --json"))
@with_place
def list_workflows(place: Place, *, as_json: JsonOption = False) -> None:
    """List the workflows of the app and those declared in the store, with their steps."""
    from ergate.display.workflows import workflows_table

    known = known_workflows(place)
    for fault in known.faults:
        tell(f"warning: one workflow is left out. {fault}")
    if as_json:
        print_json([known.document(name) for name in known.workflows])
    else:
        show(workflows_table(list(known.workflows.values()), known.declared))


@app.command("show", epilog=examples_text("ergate workflows show my_first_workflow"))
@with_place
def show_workflow(place: Place, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Show each step of a workflow: its types, where it leads, its attempts, limit and queue."""
    from ergate.display.steps import steps_table

    known = known_workflows(place)
    workflow = known.get(name)
    if as_json:
        print_json(known.document(name))
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
@with_place
def graph_workflow(
    place: Place,
    name: NameArgument,
    *,
    form: Annotated[
        GraphFormat, typer.Option("--format", help="A tree, or text that other programs draw.")
    ] = GraphFormat.TREE,
    as_json: JsonOption = False,
) -> None:
    """Draw the steps of a workflow and the ways between them. With --json --format is not used."""
    from ergate.display.workflows import workflow_tree
    from ergate.documents.workflows import graph_document

    workflow = known_workflows(place).get(name)
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
    *,
    as_json: JsonOption = False,
    app_name: AppOption = None,
    queue: QueueOption = None,
    state: StateOption = None,
    profile: ProfileOption = None,
) -> None:
    """Check all workflows and print every fault; exit code 1 when there is one."""
    from ergate.display.figures import counted

    names, faults = _checked(app_name, queue, state, profile)
    if as_json:
        print_json({"workflows": names, "faults": faults})
    else:
        for fault in faults:
            tell(f"error: {fault}")
        found = counted(len(faults), "fault") if faults else "no fault"
        print_line(f"{counted(len(names), 'workflow')}, {found}")
    if faults:
        raise typer.Exit(1)


def _checked(
    app_name: str | None, queue: str | None, state: str | None, profile: str | None
) -> tuple[list[str], list[str]]:
    """Return the names of all workflows, and all faults.

    Raises `LoadError` when there is nothing to check.
    """
    from ergate.workflows.registry import collecting_faults

    with collecting_faults() as found:
        try:
            place = find_place(app=app_name, queue=queue, state=state, profile=profile)
            known = known_workflows(place)
        except LoadError as exc:
            found.append(_refused(exc))
            return [], [str(fault) for fault in found]
    problem = place.app_problem
    if problem is not None and not isinstance(problem, NoAppError):
        found.append(_refused(problem))
    return list(known.workflows), [*map(str, found), *known.faults]


def _refused(problem: LoadError) -> InvalidDefinitionError:
    """Return the fault for which an app cannot be loaded; raises any other problem.

    A declaration that is refused on the spot ends the import, and hides what follows.
    """
    if not isinstance(problem.__cause__, InvalidDefinitionError):
        raise problem
    return problem.__cause__


# --- definitions ----------------------------------------------------------------------------------


@app.command(
    "register",
    epilog=examples_text(
        "ergate workflows register workflow-process-text.json",
        "ergate workflows register definitions/",
        "curl -s https://example.com/workflow.json | ergate workflows register -",
    ),
)
@with_place
def register_workflows(place: Place, *, files: FilesArgument, as_json: JsonOption = False) -> None:
    """Register definitions, or replace those of the same names for all events from now on.

    Their services must be registered before. Of a directory the files workflow-*.json are read.
    Each fault of each file is told; what has none is registered all the same.
    Exit codes: 0 all are registered, 2 one is not.
    """
    from ergate.documents.definitions import definition_document
    from ergate.services.directory import WORKFLOWS

    with place.broker(orders="register workflows") as broker:
        register = catalog_of(place, broker).register_workflow
        done, is_all = register_files(files, WORKFLOWS, register)
    if as_json:
        print_json([definition_document(kept) for kept in done])
    else:
        for kept in done:
            print_line(f"workflow {kept.definition.name} registered, version {kept.version[:12]}")
    if not is_all:
        raise typer.Exit(2)


@app.command("delete", epilog=examples_text("ergate workflows delete process-text"))
@with_place
def delete_workflow(place: Place, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Remove a declared workflow: no event can start it, and jobs that run keep their version."""
    with place.broker(orders="remove workflows") as broker:
        removed = catalog_of(place, broker).remove_workflow(name)
    if as_json:
        print_json({"removed": removed})
    else:
        print_line(f"workflow {removed} removed")
