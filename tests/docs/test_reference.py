"""The pages of reference name everything that is there, and nothing that is not."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import ergate
from ergate import Ergate, ErgateSignal, Job, JobStatus, Retry, Workflow, errors
from ergate.contracts.backend import Backend, Finding
from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.queue import Queue
from ergate.contracts.state_store import StateStore
from ergate.display import wording
from ergate.errors import ErgateError
from ergate.jobs import transitions
from ergate.jobs.record import HistoryRow
from ergate.worker.events import ENDINGS

PAGES = Path(__file__).resolve().parents[2] / "docs/reference"
CODE = re.compile(r"```.*?^```", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return a heading's text, up to the next heading of its level or a higher one."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match is not None, f"no heading for {heading}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", CODE.sub(_blank, rest), re.MULTILINE)
    return rest[: end.start()] if end else rest


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def first_cells(text: str) -> list[str]:
    """Return what stands in backquotes in the first cell of each row of the tables."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def public_names(kind: type) -> Iterator[str]:
    """Yield the public methods and properties that a class defines, or a base of ours."""
    bases = [base for base in kind.__mro__ if base.__module__.startswith("ergate.")]
    for name, value in [item for base in bases for item in vars(base).items()]:
        if not name.startswith("_") and (callable(value) or isinstance(value, property)):
            yield name


# --- api.md ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ergate.__all__)
def test_every_public_name_has_a_heading(name: str) -> None:
    assert section(page("api.md"), name).strip()


@pytest.mark.parametrize("name", ["Ergate", "Workflow", "WorkflowStep", "Retry"])
def test_every_public_method_is_in_its_class_section(name: str) -> None:
    text = section(page("api.md"), name)
    missing = [one for one in public_names(getattr(ergate, name)) if f"`{one}" not in text]
    # A method that a code block of the section shows needs no further mention.
    assert [one for one in missing if f".{one}" not in text] == []


@pytest.mark.parametrize(
    ("heading", "function"),
    [
        ("Ergate", Ergate.__init__),
        ("Ergate", Ergate.enqueue),
        ("Ergate", Ergate.enqueue_many),
        ("Ergate", Ergate.wait),
        ("Ergate", Ergate.run),
        ("Workflow", Workflow.__init__),
        ("Workflow", Workflow.step),
        ("Retry", Retry.__init__),
        ("GoToStep", ergate.GoToStep.__init__),
        ("GoToEnd", ergate.GoToEnd.__init__),
        ("AbortJob", ergate.AbortJob.__init__),
        ("GoToStepPath", ergate.GoToStepPath.__init__),
    ],
    ids=lambda value: getattr(value, "__qualname__", value),
)
def test_every_parameter_and_its_default_is_shown(heading: str, function: object) -> None:
    assert callable(function)
    text = section(page("api.md"), heading)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "function"):
            continue
        assert re.search(rf"\b{parameter.name}\b", text), parameter.name
        if isinstance(parameter.default, int | float | str | None):
            default = repr(parameter.default).replace("'", '"')
            assert f"{parameter.name}={default}" in text, parameter


def test_every_field_of_a_job_is_in_the_table() -> None:
    listed = [name for name in first_cells(section(page("api.md"), "Job")) if name.islower()]
    assert listed == list(Job.model_fields)


def test_every_signal_is_in_the_table() -> None:
    listed = first_cells(section(page("api.md"), "ErgateSignal"))
    assert sorted(listed) == sorted(signal.name for signal in ErgateSignal)


# --- errors.md ------------------------------------------------------------------------------------


def tree(kind: type[ErgateError], depth: int = 0) -> Iterator[tuple[int, str, int]]:
    """Yield an error's depth, name and exit code, and those of its kinds, as they are written."""
    yield depth, kind.__name__, kind.exit_code
    for one in vars(errors).values():
        if isinstance(one, type) and kind in one.__bases__:
            yield from tree(one, depth + 1)


def test_the_tree_of_errors_is_the_one_in_the_code() -> None:
    rows = re.findall(
        r"^\| ((?:· )*)`(\w+)` \| (\d) \|", section(page("errors.md"), "The tree"), re.MULTILINE
    )
    shown = [(dots.count("·"), name, int(code)) for dots, name, code in rows]
    assert shown == list(tree(ErgateError))


# --- statuses.md ----------------------------------------------------------------------------------


def test_every_status_is_listed_and_final_ones_say_so() -> None:
    text = section(page("statuses.md"), "Statuses")
    rows = re.findall(r"^\| `([A-Z]+)` \| (yes)? ?\|", text, re.MULTILINE)
    shown = {name: is_final == "yes" for name, is_final in rows}
    assert shown == {status.name: status.is_final for status in JobStatus}


def test_every_event_of_the_history_is_listed() -> None:
    listed = first_cells(section(page("statuses.md"), "Events in the history"))
    written = {*transitions._EVENT_NAMES.values(), *transitions._OUTCOME_NAMES.values()}
    # A claim and a postponement have a word and no row.
    rows = (written | {"submitted"}) - {"claimed", "postponed"}
    assert sorted(listed) == sorted(rows)


def test_every_field_of_a_history_row_is_named() -> None:
    text = section(page("statuses.md"), "Events in the history")
    assert [one.name for one in fields(HistoryRow) if f"`{one.name}`" not in text] == []


def test_every_kind_of_log_line_is_listed() -> None:
    listed = first_cells(section(page("statuses.md"), "Log lines"))
    source = inspect.getsource(wording)
    pattern = r'(?:return \(?|lambda e: \(\s*|name = )"(\w+)"(?: if [\w.]+ else "(\w+)")?'
    written = {name for pair in re.findall(pattern, source) for name in pair if name}
    steps = {
        f"{'job' if outcome in ENDINGS else 'step'}_{outcome}" for outcome in wording.STEP_LEVELS
    }
    assert sorted(listed) == sorted(written | steps | {"summary"})


@pytest.mark.parametrize("outcome", sorted(wording.STEP_LEVELS))
def test_the_level_of_a_steps_line_is_the_one_in_the_code(outcome: str) -> None:
    text = section(page("statuses.md"), "Log lines")
    level = wording.LEVEL_NAMES[wording.STEP_LEVELS[outcome]]
    assert re.findall(rf"^\| `(?:job|step)_{outcome}` \| (\w+) \|", text, re.MULTILINE) == [level]


# --- backends.md ----------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [StateStore, Queue], ids=lambda kind: kind.__name__)
def test_every_method_of_a_contract_is_listed(contract: type) -> None:
    cells = first_cells(section(page("backends.md"), contract.__name__))
    listed = [re.sub(r"\(.*", "", cell) for cell in cells]
    assert sorted(listed) == sorted(public_names(contract))


@pytest.mark.parametrize("contract", [StateStore, Queue], ids=lambda kind: kind.__name__)
def test_every_parameter_of_a_contracts_method_is_shown(contract: type) -> None:
    for cell in first_cells(section(page("backends.md"), contract.__name__)):
        name, shown = re.fullmatch(r"(\w+)\((.*)\)", cell).groups()  # type: ignore[union-attr]
        parameters = list(inspect.signature(getattr(contract, name)).parameters)[1:]
        assert [one for one in shown.split(", ") if one] == parameters, cell


def test_every_field_of_a_backend_is_listed() -> None:
    listed = first_cells(section(page("backends.md"), "Backend"))
    assert listed == [one.name for one in fields(Backend)]
    text = section(page("backends.md"), "Backend")
    assert [one.name for one in fields(Finding) if f"`{one.name}`" not in text] == []


def test_every_capability_and_every_level_is_listed() -> None:
    assert first_cells(section(page("backends.md"), "Capabilities")) == [
        capability.name for capability in Capability
    ]
    levels = section(page("backends.md"), "Levels")
    assert re.findall(r"^\| `(L\d)` \|", levels, re.MULTILINE) == [level.name for level in Level]
