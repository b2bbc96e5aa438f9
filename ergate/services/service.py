"""A service: where it is, what it takes and what it answers."""

from __future__ import annotations

import pydantic
from pydantic import ConfigDict, field_validator, model_validator

from ergate.services.addresses import MAX_LENGTH, ServiceAddress
from ergate.services.document import Document, Listed, Name, OwnErrorName, SchemaAddress, Text
from ergate.services.fields import Field

LONGEST_TIMEOUT_S = 86_400
LONGEST_WORK_S = 366 * 86_400
MOST_FIELDS = 100


class Service(Document):
    """One microservice: its inputs are sent to its address as JSON, it answers its outputs."""

    model_config = ConfigDict(title="Service")

    schema_address: SchemaAddress
    name: Name = pydantic.Field(
        description="What workflows call it by; registering a name again replaces the service.",
        examples=["upper"],
    )
    address: str = pydantic.Field(
        description="The URL that each call is POSTed to.",
        examples=["http://upper.local:5000/"],
        max_length=MAX_LENGTH,
        json_schema_extra={"format": "uri", "pattern": "^https?://"},
    )
    description: Text = pydantic.Field(default="", description="What it does, for people.")
    inputs: Listed[Field] = pydantic.Field(
        default=(), description="What it takes.", max_length=MOST_FIELDS
    )
    outputs: Listed[Field] = pydantic.Field(
        default=(), description="What it answers.", max_length=MOST_FIELDS
    )
    errors: Listed[OwnErrorName] = pydantic.Field(
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
    finishes_within_s: float | None = pydantic.Field(
        default=None,
        description="Lets it answer 202 and tell the end of its work later, within so many "
        "seconds, at the address of the header Ergate-Callback.",
        examples=[3600],
        gt=0,
        le=LONGEST_WORK_S,
    )
    heartbeat_s: float | None = pydantic.Field(
        default=None,
        description="How many seconds it may be silent meanwhile, before the work counts as lost.",
        examples=[60],
        gt=0,
        le=LONGEST_WORK_S,
    )

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        ServiceAddress.parse(address)
        return address

    @model_validator(mode="after")
    def _can_finish_later(self) -> Service:
        if self.finishes_within_s is None:
            if self.heartbeat_s is not None:
                raise ValueError("has heartbeat_s, which needs finishes_within_s")
            return self
        if self.heartbeat_s is not None and self.heartbeat_s > self.finishes_within_s:
            raise ValueError("has a heartbeat_s that is longer than finishes_within_s")
        if any(field.name == "error" for field in self.outputs):
            raise ValueError(
                'has an output "error", which a service that finishes later cannot have: it tells '
                "an error under this name"
            )
        return self
