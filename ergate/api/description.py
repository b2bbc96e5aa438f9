"""`/api/v1/openapi.json`: the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from ergate.api.answers import JsonAnswer
from ergate.api.declared_shapes import EventBody
from ergate.api.examples import BY_SCHEMA
from ergate.api.guard import Access
from ergate.api.problems import Problem
from ergate.api.routing import declared, new_router
from ergate.api.sessions import COOKIE
from ergate.services.definition import Definition
from ergate.services.service import Service

router = new_router("description")

_MODELS: Mapping[str, type[BaseModel]] = {
    "Problem": Problem,
    "Service": Service,
    "Definition": Definition,
    "EventBody": EventBody,
}
"""What no argument of a route shows: errors, and bodies that are read as any JSON."""


@router.get(
    "/openapi.json",
    operation_id="getOpenApi",
    **declared(Access.READ, answer=dict[str, Any]),
)
async def get_openapi_document(request: Request) -> JsonAnswer:
    """Return the OpenAPI document of this server."""
    return JsonAnswer(request.app.openapi())


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app; it is made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        parts = document.setdefault("components", {})
        for name, model in _MODELS.items():
            _add_schema(parts.setdefault("schemas", {}), name, model)
        # Only now: FastAPI would leave out whatever is null in them.
        for name, shown in BY_SCHEMA.items():
            parts["schemas"][name]["examples"] = shown
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        app.openapi_schema = document
    return app.openapi_schema


def _add_schema(schemas: dict[str, Any], name: str, model: type[BaseModel]) -> None:
    """Add a model and its parts, each under a name of its own as OpenAPI wants it."""
    # The name goes before those of the parts: answers have parts called alike.
    schema = model.model_json_schema(
        by_alias=True, ref_template=f"#/components/schemas/{name}.{{model}}"
    )
    for part, described in schema.pop("$defs", {}).items():
        schemas[f"{name}.{part}"] = described
    schemas[name] = schema
