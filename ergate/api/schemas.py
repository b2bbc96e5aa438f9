"""`/api/v1/schemas`: what services and definitions look like, as JSON Schema."""

from __future__ import annotations

from typing import Any

from ergate.api.answers import JsonAnswer
from ergate.api.guard import Access
from ergate.api.routing import declared, new_router
from ergate.services.schemas import definition_schema, service_schema

router = new_router("schemas")


@router.get(
    "/schemas/service",
    operation_id="getServiceSchema",
    **declared(Access.READ, answer=dict[str, Any]),
)
async def get_service_schema() -> JsonAnswer:
    """Return the JSON Schema of a service, for editors and other programs."""
    return JsonAnswer(service_schema())


@router.get(
    "/schemas/definition",
    operation_id="getDefinitionSchema",
    **declared(Access.READ, answer=dict[str, Any]),
)
async def get_definition_schema() -> JsonAnswer:
    """Return the JSON Schema of a definition, for editors and other programs."""
    return JsonAnswer(definition_schema())
