"""Bodies that may be any JSON document: whether it fits is decided where it is used."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request

from ergate.api.problems import Refused


async def read_document(request: Request) -> object:
    """Return the document that a request brings. Raises `Refused`: 400 for none, 415 for no JSON.

    The perimeter has looked at the content type, the size and the depth.
    """
    body = await request.body()
    if not body:
        raise Refused(400, "The body is empty, and a JSON document is wanted.")
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise Refused(415, f"The body is no JSON: {exc}.") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def json_body(schema: str, example: object) -> dict[str, Any]:
    """Return how the OpenAPI document tells of a body that `read_document` reads.

    `schema` is the name of a schema of the document.
    """
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
