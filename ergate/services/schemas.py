"""The JSON Schemas of services and definitions, for editors and for other programs.

Draft 2020-12, with descriptions and examples. A schema says what a document may look like; only
registering tells whether what it names exists and whether the data are there.
"""

from __future__ import annotations

from typing import Any

from ergate.services.definition import Definition
from ergate.services.document import Document
from ergate.services.service import Service

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UPPER = {
    "name": "upper",
    "address": "http://upper.local:5000/",
    "inputs": [{"name": "message", "type": "string", "description": "The text to change"}],
    "outputs": [{"name": "message", "type": "string", "description": "The text in capitals"}],
}
_SHOUT = {
    "name": "shout",
    "services": ["upper"],
    "inputs": [{"name": "message", "type": "string", "description": "What to shout"}],
    "outputs": [{"name": "message", "type": "string", "description": "The text in capitals"}],
}
_ASK = {
    "name": "shout-long-ones",
    "inputs": [
        {"name": "message", "type": "string"},
        {"name": "length", "type": "int"},
    ],
    "outputs": [{"name": "message", "type": "string"}],
    "operations": [
        {
            "name": "is-long",
            "type": "choice",
            "choices": [{"when": {"value": "$.length", "at_least": 10}, "next": "shout"}],
            "default": "done",
        },
        {
            "name": "shout",
            "type": "call",
            "service": "upper",
            "retry": [{"errors": ["ServiceUnavailable"], "attempts": 5, "interval_s": 1}],
            "catch": [{"errors": ["*"], "next": "done"}],
        },
        {"name": "done", "type": "succeed"},
    ],
}


def service_schema() -> dict[str, Any]:
    """Return the JSON Schema of a service."""
    return _schema(Service, [_UPPER])


def definition_schema() -> dict[str, Any]:
    """Return the JSON Schema of a workflow definition."""
    return _schema(Definition, [_SHOUT, _ASK])


def _schema(model: type[Document], examples: list[dict[str, Any]]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    for part in (schema, *schema["$defs"].values()):
        for described in part.get("properties", {}).values():
            described.pop("title", None)  # made of the key, which stands beside it
            if described.get("default", ...) is None:
                del described["default"]  # an editor would write null
    return {"$schema": DIALECT, **schema, "examples": examples}
