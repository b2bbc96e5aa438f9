"""Making one JSON value that a schema allows, as far as it is easy."""

from __future__ import annotations

from typing import Any

_DEEPEST = 8
_TEXTS = {
    "date-time": "2020-02-02T02:02:02Z",
    "date": "2020-02-02",
    "time": "02:02:02",
    "duration": "P1D",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def example_of(schema: Any, definitions: dict[str, Any], depth: int = 0) -> Any:
    """Return a value that `schema` most likely allows; patterns and the like are not looked at."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        target = definitions.get(schema["$ref"].removeprefix("#/$defs/"), True)
        return example_of(target, definitions, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return example_of(schema[word][0], definitions, depth + 1)
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example_of(properties[name], definitions, depth + 1) for name in properties}
    if kind == "array":
        return _array(schema, definitions, depth)
    return _scalar(kind[0] if isinstance(kind, list) and kind else kind, schema)


def _array(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(item, definitions, depth + 1) for item in schema["prefixItems"]]
    return [example_of(schema.get("items", True), definitions, depth + 1)]


def _scalar(kind: Any, schema: dict[str, Any]) -> object:
    match kind:
        case "string":
            text: str = _TEXTS.get(schema.get("format", ""), "text")
            return text.ljust(schema.get("minLength", 0), "x")
        case "integer":
            return schema.get("minimum", 7)
        case "number":
            return schema.get("minimum", 7.5)
        case "boolean":
            return True
        case _:
            return None
