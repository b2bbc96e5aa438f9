"""The published schemas explain every key to whoever writes a document in an editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ergate.services.checking import check_definition
from ergate.services.definition import Definition
from ergate.services.reading import read_service
from ergate.services.schemas import DIALECT, definition_schema, service_schema
from ergate.services.version import version_of

SCHEMAS = {"service": service_schema(), "definition": definition_schema()}


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from (part for part in schema["$defs"].values() if "properties" in part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_dialect_is_named(name: str) -> None:
    assert SCHEMAS[name]["$schema"] == DIALECT
    json.dumps(SCHEMAS[name], allow_nan=False)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_and_every_key_is_described(name: str) -> None:
    silent = [
        f"{part['title']}.{key}"
        for part in objects(SCHEMAS[name])
        for key, described in part["properties"].items()
        if key != "type" and not described.get("description")
    ]
    assert silent == []
    assert all(part["description"] for part in objects(SCHEMAS[name]))


@pytest.mark.parametrize("name", SCHEMAS)
def test_unknown_keys_are_refused_as_registering_does(name: str) -> None:
    assert all(part["additionalProperties"] is False for part in objects(SCHEMAS[name]))


def test_every_list_has_a_bound() -> None:
    lists = [
        described
        for part in objects(SCHEMAS["definition"])
        for described in part["properties"].values()
        for described in described.get("anyOf", [described])
        if described.get("type") == "array"
    ]
    assert len(lists) >= 8
    assert all("maxItems" in described for described in lists)


def test_the_examples_can_be_registered() -> None:
    services = [read_service(document) for document in SCHEMAS["service"]["examples"]]
    for document in SCHEMAS["definition"]["examples"]:
        check_definition(document, services)


def test_a_document_may_name_its_schema_and_stays_the_same() -> None:
    services = [read_service(document) for document in SCHEMAS["service"]["examples"]]
    plain = SCHEMAS["definition"]["examples"][0]
    named = {"$schema": "./definition.schema.json", **plain}
    assert check_definition(named, services) == check_definition(plain, services)
    versions = [version_of(Definition.model_validate(one), services) for one in (named, plain)]
    assert versions[0] == versions[1]
