"""What holds for every definition, thought of or not: it runs as it promises, or has faults."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ergate import JobStatus
from ergate.services.checking import check_definition, plan_of
from ergate.services.compiling import CallContext, compile_plan
from ergate.services.definition import Definition
from ergate.services.faults import DefinitionFaults
from ergate.services.fields import Field, check_values
from ergate.services.plan import Plan
from ergate.services.service import Service
from ergate.testing import Harness
from tests.unit.services.definitions import (
    call,
    choice,
    example,
    example_services,
    fields_of,
    service,
    state,
)

TYPES = ("string", "int", "float", "bool", "object", "array", "list[int]")
VALUES: dict[str, Any] = {
    "string": "text", "int": 3, "float": 2.5, "bool": True, "object": {"a": 1},
    "array": [1, 2], "list[int]": [1, 2],
}  # fmt: skip
"""The items of an array are only known when it runs: here they are what any list may want."""
NAMES = ("a", "b", "c", "d")
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@st.composite
def several_fields(draw: st.DrawFn, *, certain: bool = False) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    fields = []
    for name in names:
        field: dict[str, Any] = {"name": name, "type": draw(st.sampled_from(TYPES))}
        if not certain and draw(st.booleans()):
            field["required"] = False
        fields.append(field)
    return fields


@st.composite
def several_services(draw: st.DrawFn) -> list[Service]:
    return [
        Service.model_validate(
            {
                "name": f"s{number}",
                "address": "http://127.0.0.1:1/",
                "inputs": draw(several_fields()),
                "outputs": draw(several_fields()),
            }
        )
        for number in range(draw(st.integers(1, 3)))
    ]


REFERENCES = st.sampled_from([f"$.{name}" for name in NAMES])
CONDITIONS = st.recursive(
    st.builds(
        lambda value, operator: {"value": value, **operator},
        REFERENCES,
        st.sampled_from(
            [{"is_present": True}, {"is_present": False}, {"equals": 3}, {"is_type": "int"},
             {"not_equals": None}, {"is_present": True, "equals": "text"}]
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda some: {"and": some}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda some: {"or": some}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: {"not": one}, inner),
    ),
    max_leaves=4,
)  # fmt: skip
WRITTEN = REFERENCES | st.sampled_from([*VALUES.values(), "$$literal", {"x": ["$.b"]}])


@st.composite
def one_state(draw: st.DrawFn, name: str, later: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["call", "call", "pass", "choice", "wait"]))
    target = st.sampled_from(later)
    if kind == "choice":
        rules = draw(st.lists(st.tuples(CONDITIONS, target), min_size=1, max_size=2))
        return choice(name, *rules, default=draw(target))
    written: dict[str, Any] = draw(st.dictionaries(st.sampled_from(NAMES), WRITTEN, max_size=2))
    following = {"next": draw(target)} if draw(st.booleans()) else {}
    if kind == "wait":
        return state(name, "wait", seconds=draw(st.integers(0, 60)), **following)
    if kind == "pass":
        return state(name, "pass", output=written, **following)
    rules = [{"errors": ["*"], "next": draw(target)}] if draw(st.booleans()) else []
    return call(name, f"s{draw(st.integers(0, 2))}", catch=rules, retry=[], **following)


@st.composite
def definitions(draw: st.DrawFn) -> tuple[dict[str, Any], list[Service]]:
    services = draw(several_services())
    document: dict[str, Any] = {
        "name": "w",
        "inputs": draw(several_fields()),
        "outputs": draw(several_fields(certain=draw(st.booleans()))),
    }
    if draw(st.booleans()):
        names = [f"s{draw(st.integers(0, 2))}" for _ in range(draw(st.integers(1, 4)))]
        return {**document, "services": names}, services
    states = [f"st{number}" for number in range(draw(st.integers(1, 5)))]
    operations = [
        draw(one_state(name, [*states[index + 1 :], "end"])) for index, name in enumerate(states)
    ]
    return {**document, "operations": [*operations, state("end", "succeed")]}, services


def checked(document: object, services: Sequence[Service]) -> Plan | DefinitionFaults:
    try:
        return check_definition(document, services)
    except DefinitionFaults as exc:
        return exc


def example_of(draw: st.DrawFn, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return values for fields: every one that is needed, and some of the others."""
    return {
        field.name: VALUES[field.type] for field in fields if field.is_needed or draw(st.booleans())
    }


@settings(QUIET, max_examples=200)
@given(st.data())
def test_a_definition_without_faults_runs_to_the_outputs_that_it_declares(data: Any) -> None:
    document, services = data.draw(definitions())
    plan = checked(document, services)
    if isinstance(plan, DefinitionFaults):
        assert plan.faults
        return

    def answer(asked: Service, sent: dict[str, Any], _: CallContext) -> Mapping[str, object]:
        assert check_values(asked.inputs, sent) == (sent, [])
        if data.draw(st.integers(0, 4)) == 0:
            raise RuntimeError("the service is down")
        return example_of(data.draw, asked.outputs)

    with Harness(compile_plan(plan, services, answer)) as harness:
        job = harness.enqueue("w", example_of(data.draw, plan.inputs))
        harness.run_until_idle()
        while harness.advance_to_next_due():
            pass
        ended = harness.job(job.id)
    if ended.status is JobStatus.COMPLETED:
        outputs = ended.last_return_value
        assert check_values(plan.outputs, outputs) == (outputs, [])
        assert ended.percent_completed == 100
        return
    # What was checked beforehand cannot be missing when it runs.
    assert ended.error is not None
    assert (ended.status, ended.error.type) == (JobStatus.FAILED, "RuntimeError")


@QUIET
@given(definitions())
def test_the_same_definition_has_the_same_faults_and_plan(made: Any) -> None:
    document, services = made
    first, second = (
        checked(json.loads(json.dumps(document)), given_services)
        for given_services in (services, list(reversed(services)))
    )
    assert str(first) == str(second)
    if isinstance(first, Plan):
        assert plan_of(Definition.model_validate(document)) == first


# --- mutations ----------------------------------------------------------------------------------

ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "$", "$.", "$.a[0].b", "$$", "*", [], {}, ["x"], {"x": 1},
     "\x00", "\u202e", "a" * 3000, 10**30, "$" + ".a" * 300]
).map(copy.deepcopy)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


WORKFLOWS = ("workflow-order", "workflow-process-text")


@settings(QUIET, max_examples=300)
@given(st.data())
def test_a_definition_that_was_damaged_has_faults_or_is_another_one(data: Any) -> None:
    document = copy.deepcopy(
        example(data.draw(st.sampled_from(["workflow-order", "workflow-process-text"])))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        *path, key = data.draw(st.sampled_from([one for one in places(document) if one]))
        parent = document
        for part in path:
            parent = parent[part]
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                parent[key] = data.draw(ODD)
            case "remove":
                del parent[key]
            case _ if isinstance(parent, dict):
                parent[data.draw(st.sampled_from(["next", "retry", "x", "", "\x00", "type"]))] = (
                    data.draw(ODD)
                )
            case _:
                parent.append(data.draw(ODD))
    plan = checked(document, SERVICES)
    if isinstance(plan, Plan):
        compile_plan(plan, SERVICES, lambda *_: {}).check()
        return
    assert plan.faults
    assert all(fault.message and fault.place.isprintable() for fault in plan.faults)
    assert all(len(fault.message) < 2_000 for fault in plan.faults)


SERVICES = example_services()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_no_json_at_all_breaks_the_check(document: object) -> None:
    with pytest.raises(DefinitionFaults):
        check_definition(document, SERVICES)


# --- size ---------------------------------------------------------------------------------------


def timed(document: object, *services: Service) -> tuple[float, int]:
    """Return how many seconds the check takes, and how many faults it finds."""
    started = time.monotonic()
    plan = checked(document, services)
    took_s = time.monotonic() - started
    assert len(str(plan)) < 2_000_000
    return took_s, len(plan.faults) if isinstance(plan, DefinitionFaults) else 0


def deep(levels: int) -> Any:
    condition: Any = {"value": "$.a", "equals": 1}
    for _ in range(levels):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize("levels", [20, 64, 5_000, 100_000])
def test_a_condition_of_any_depth_is_checked_or_refused_at_once(levels: int) -> None:
    document = {
        "name": "w",
        "inputs": fields_of("a:int"),
        "operations": [choice("c", (deep(levels), "e"), default="e"), state("e", "succeed")],
    }
    took_s, count = timed(document)
    assert (took_s < 5, count) == (True, 0 if levels == 20 else 1)


def test_the_largest_web_of_choices_is_checked_in_seconds() -> None:
    """Each of 150 states leads to 20 later ones: 10 ** 100 ways, looked at once each state."""
    states = [f"s{number}" for number in range(150)]
    operations = [
        choice(
            name,
            *(({"value": "$.a", "equals": n}, states[min(index + n, 149)]) for n in range(1, 21)),
            default=states[index + 1],
        )
        for index, name in enumerate(states[:-1])
    ]
    document = {
        "name": "w",
        "inputs": fields_of("a:int"),
        "outputs": fields_of("b:int"),
        "operations": [*operations, state(states[-1], "succeed")],
    }
    took_s, count = timed(document)
    assert (took_s < 20, count) == (True, 1)


def test_a_long_list_of_services_is_checked_in_seconds() -> None:
    document = {"name": "w", "services": ["a"] * 200, "inputs": fields_of("m:string")}
    took_s, count = timed(document, service("a", "m:string", "m:string"))
    assert (took_s < 5, count) == (True, 0)


def test_thousands_of_faults_are_told_within_bounds() -> None:
    operations = [call(f"c{n}", "nobody", next="nowhere") for n in range(500)]
    took_s, count = timed({"name": "w", "operations": operations})
    assert took_s < 20
    assert count >= 1_000
