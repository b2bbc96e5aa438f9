"""`/api/v1/openapi.json`: the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi

from ergate.api.answers import JsonAnswer
from ergate.api.guard import Access
from ergate.api.problems import Problem
from ergate.api.routing import declared, new_router
from ergate.api.sessions import COOKIE

router = new_router("description")


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
        parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        app.openapi_schema = document
    return app.openapi_schema
