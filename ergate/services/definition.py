"""A workflow as people write it: inputs, outputs, and services in order or operations."""

from __future__ import annotations

import pydantic
from pydantic import ConfigDict

from ergate.services.document import Document, Listed, Name, SchemaAddress, Text
from ergate.services.fields import Field
from ergate.services.operations import Operation
from ergate.services.service import MOST_FIELDS

MOST_SERVICES = 200
MOST_OPERATIONS = 500


class Definition(Document):
    """A workflow: calls services in order, or as its operations say."""

    model_config = ConfigDict(title="Workflow definition")

    schema_address: SchemaAddress
    name: Name = pydantic.Field(
        description="What events name it by; registering a name again replaces the definition for "
        "new events, and jobs that run keep theirs.",
        examples=["process-text"],
    )
    description: Text = pydantic.Field(default="", description="What it is for, for people.")
    services: Listed[Name] = pydantic.Field(
        default=(),
        description="The services to call, in order; one may appear more than once. With "
        "operations it may be left out, else it names just the services that they call.",
        examples=[["upper", "reverse", "space-counter"]],
        max_length=MOST_SERVICES,
    )
    inputs: Listed[Field] = pydantic.Field(
        default=(), description="What an event must bring.", max_length=MOST_FIELDS
    )
    outputs: Listed[Field] = pydantic.Field(
        default=(), description="What comes out at the end.", max_length=MOST_FIELDS
    )
    operations: Listed[Operation] = pydantic.Field(
        default=(),
        description="States, for what a list of services cannot say; the first is where it starts.",
        max_length=MOST_OPERATIONS,
    )
