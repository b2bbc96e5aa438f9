"""Every example of the OpenAPI document is what its schema says, and every operation has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from fastapi import FastAPI

Example = tuple[str, dict[str, Any], Any]


def examples_of(name: str, holder: dict[str, Any], schema: dict[str, Any]) -> Iterator[Example]:
    """Yield the examples that a part of the document has for a schema."""
    if "example" in holder:
        yield name, schema, holder["example"]
    examples = holder.get("examples", [])
    if isinstance(examples, dict):
        examples = [one["value"] for one in examples.values()]
    yield from ((name, schema, one) for one in examples)


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each body of each operation, of requests and of good answers."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            bodies = {"body": operation.get("requestBody", {})}
            bodies |= {code: one for code, one in operation["responses"].items() if code < "400"}
            for kind, body in bodies.items():
                for media_type in body.get("content", {}).values():
                    yield f"{method} {path} {kind}", {"schema": {}} | media_type


def all_examples(document: dict[str, Any]) -> Iterator[Example]:
    for name, schema in document["components"]["schemas"].items():
        yield from examples_of(name, schema, schema)
        for key, described in schema.get("properties", {}).items():
            yield from examples_of(f"{name}.{key}", described, described)
    for name, media_type in contents(document):
        yield from examples_of(name, media_type, media_type["schema"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", []):
                name = f"{method} {path} {one['name']}"
                yield from examples_of(name, one, one["schema"])
                yield from examples_of(name, one["schema"], one["schema"])


def test_every_example_is_what_its_schema_says(api: FastAPI) -> None:
    document = api.openapi()
    found = list(all_examples(document))
    wrong = [
        (name, example)
        for name, schema, example in found
        if not jsonschema_rs.is_valid(schema | {"components": document["components"]}, example)
    ]
    assert wrong == []
    assert len(found) > 60


def has_example(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether a schema shows what it looks like: itself, or by each of its keys."""
    if "$ref" in schema:
        return has_example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "items" in schema:
        return has_example(schema["items"], schemas)
    if {"example", "examples"} & schema.keys() or schema.get("type") != "object":
        return True
    # What is a JSON Schema or this document itself has no keys of ours.
    keys: dict[str, Any] = schema.get("properties", {})
    return all({"example", "examples"} & one.keys() for one in keys.values())


def test_every_body_has_an_example(api: FastAPI) -> None:
    document = api.openapi()
    schemas = document["components"]["schemas"]
    silent = [
        name
        for name, media_type in contents(document)
        if not media_type.keys() & {"example", "examples"}
        and not has_example(media_type["schema"], schemas)
    ]
    assert silent == []
