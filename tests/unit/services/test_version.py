"""A version changes with the definition and its services, and with nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ergate.services.definition import Definition
from ergate.services.service import Service
from ergate.services.version import version_of
from tests.unit.services.definitions import call, choice, example, service, state, workflow

UPPER, OTHER = service("upper", "message:string", "message:string"), service("other")
DOCUMENT: dict[str, Any] = workflow(
    choice("ask", ({"value": "$.message", "equals": "x"}, "done"), default="call"),
    call("call", "upper", next="done"),
    state("done", "succeed"),
    inputs="message:string",
)


def version(document: Any, *services: Service) -> str:
    return version_of(Definition.model_validate(document), services)


BEFORE = version(DOCUMENT, UPPER)


def test_a_version_is_a_hash_of_64_digits() -> None:
    assert len(BEFORE) == len(bytes.fromhex(BEFORE)) * 2 == 64


def test_the_order_of_keys_and_written_defaults_make_no_difference() -> None:
    document = dict(reversed(list(DOCUMENT.items()))) | {"description": "", "services": []}
    assert version(document, UPPER) == BEFORE


def test_services_that_are_not_called_make_no_difference() -> None:
    assert version(DOCUMENT, OTHER, UPPER) == BEFORE


def test_a_service_that_is_called_does() -> None:
    moved = UPPER.model_copy(update={"address": "http://127.0.0.1:2/"})
    assert version(DOCUMENT, moved) != BEFORE


def changed(when: Any = None, **changes: Any) -> Any:
    if when is None:
        return {**DOCUMENT, **changes}
    ask = choice("ask", (when, "done"), default="call")
    return {**DOCUMENT, "operations": [ask, *DOCUMENT["operations"][1:]]}


@pytest.mark.parametrize(
    "document",
    [
        changed(name="v"),
        changed(operations=DOCUMENT["operations"][1:]),
        changed(inputs=[]),
        changed({"value": "$.message", "equals": None}),
        changed({"value": "$.message", "equals": "x", "not_equals": None}),
        changed({"value": "$.message", "equals": 1}),
        changed({"value": "$.message", "equals": 1.5}),
        changed({"not": {"value": "$.message", "equals": "x"}}),
    ],
    ids=range(8),
)
def test_any_difference_gives_another_version(document: Any) -> None:
    assert version(document, UPPER) != BEFORE


def test_null_to_compare_with_is_not_the_same_as_no_comparison() -> None:
    with_null = changed({"value": "$.message", "is_present": True, "equals": None})
    without = changed({"value": "$.message", "is_present": True})
    assert version(with_null, UPPER) != version(without, UPPER)


def test_no_retry_is_not_the_same_as_the_default_one() -> None:
    retries: list[dict[str, Any]] = [{}, {"retry": []}, {"retry": None}]
    documents = [
        workflow(call("a", "upper", **retry), inputs="message:string") for retry in retries
    ]
    versions = [version(document, UPPER) for document in documents]
    assert versions[0] == versions[2] != versions[1]


def test_the_version_of_an_example_never_changes() -> None:
    """Running jobs are found again by it: a change of this value needs a new major version."""
    services = [
        Service.model_validate(example(f"service-{name}"))
        for name in ("upper", "reverse", "space-counter")
    ]
    assert version(example("workflow-process-text"), *services) == (
        "06ab681ce0f61973e00816aa6e4ba467e38dd30eeab23a0656e1520e4ea0c160"
    )
