"""A service: where it is, what it takes and what it answers."""

from __future__ import annotations

from urllib.parse import urlsplit

import pydantic
from pydantic import ConfigDict, field_validator

from ergate.services.document import Document, ErrorName, Listed, Name, Text
from ergate.services.faults import shown
from ergate.services.fields import Field

LONGEST_ADDRESS = 2_000
LONGEST_TIMEOUT_S = 86_400
MOST_FIELDS = 100


class Service(Document):
    """One microservice: its inputs are sent to its address as JSON, it answers its outputs."""

    model_config = ConfigDict(title="Service")

    name: Name = pydantic.Field(
        description="What workflows call it by; registering a name again replaces the service.",
        examples=["upper"],
    )
    address: str = pydantic.Field(
        description="The URL that each call is POSTed to.",
        examples=["http://upper.local:5000/"],
        max_length=LONGEST_ADDRESS,
        json_schema_extra={"format": "uri", "pattern": "^https?://"},
    )
    description: Text = pydantic.Field(default="", description="What it does, for people.")
    inputs: Listed[Field] = pydantic.Field(
        default=(), description="What it takes.", max_length=MOST_FIELDS
    )
    outputs: Listed[Field] = pydantic.Field(
        default=(), description="What it answers.", max_length=MOST_FIELDS
    )
    errors: Listed[ErrorName] = pydantic.Field(
        default=(),
        description="Names of its own errors, which retry and catch can name.",
        examples=[["CardDeclined"]],
        max_length=MOST_FIELDS,
    )
    credential: Name | None = pydantic.Field(
        default=None,
        description="The name of a credential in the settings; never the secret itself.",
        examples=["payments"],
    )
    timeout_s: float | None = pydantic.Field(
        default=None,
        description="How many seconds one call may take.",
        examples=[10],
        gt=0,
        le=LONGEST_TIMEOUT_S,
    )

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        problem = _address_problem(address)
        if problem:
            raise ValueError(problem)
        return address


def _address_problem(address: str) -> str | None:
    if not address.isprintable() or " " in address or "\\" in address:
        return "has a character that no URL has"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        return f"is {shown(address)}, which is no URL: {exc}"
    if parts.scheme not in ("http", "https") or not host:
        return f"is {shown(address)}; it must be a URL such as http://upper.local:5000/"
    if "@" in parts.netloc:
        return (
            "has a user name or password in it; name a credential of the settings instead, "
            "with the key credential"
        )
    return "ends in a fragment (#…), which is not sent to a service" if parts.fragment else None
