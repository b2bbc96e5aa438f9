"""The states of a workflow: call, choice, wait, pass, succeed and fail."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import BeforeValidator, ConfigDict, Discriminator, JsonValue, Tag, model_validator

from ergate.services.conditions import Condition
from ergate.services.document import (
    Document,
    FieldName,
    Listed,
    Name,
    OwnErrorName,
    Text,
    frozen_list,
)
from ergate.services.policies import CatchRule, RetryRule
from ergate.services.service import LONGEST_TIMEOUT_S

MOST_RULES = 20
MOST_CHOICES = 50
LONGEST_WAIT_S = 10 * 366 * 86_400
_NEXT = "The state that follows; without it the one that is written next, and at the last the end."

Mapping = dict[FieldName, JsonValue]
Retries = Annotated[
    tuple[RetryRule, ...], pydantic.Field(max_length=MOST_RULES), BeforeValidator(frozen_list)
]
Next = Annotated[Name | None, pydantic.Field(description=_NEXT, examples=["ship"])]


class _State(Document):
    name: Name = pydantic.Field(
        description="What the state is called, once in a workflow.", examples=["charge"]
    )
    description: Text = pydantic.Field(default="", description="What it is for, for people.")


class Call(_State):
    """Calls a service with values of the data, and puts what it answers into the data."""

    model_config = ConfigDict(title="Call")

    type: Literal["call"]
    service: Name = pydantic.Field(
        description="The name of a registered service.", examples=["payments"]
    )
    input: Mapping | None = pydantic.Field(
        default=None,
        description="What is sent: each input of the service with a value, or with a reference "
        "into the data. Without it the inputs are taken from the data by their names.",
        examples=[{"amount": "$.order.total", "currency": "EUR"}],
    )
    output: Mapping | None = pydantic.Field(
        default=None,
        description="What is kept: names in the data, each with a reference into the answer. "
        "Without it all outputs of the service are kept by their names.",
        examples=[{"receipt": "$.id"}],
    )
    next: Next = None
    retry: Retries | None = pydantic.Field(
        default=None,
        description="When the call is tried again; the first rule that names the error counts. "
        "Without it ServiceUnavailable and ServiceTimeout are; with [] nothing is.",
        examples=[[{"errors": ["ServiceUnavailable"], "attempts": 5}]],
    )
    catch: Listed[CatchRule] = pydantic.Field(
        default=(),
        description="Where errors lead that are not tried again; the first rule that names the "
        "error counts. Without one the job fails.",
        max_length=MOST_RULES,
    )
    timeout_s: float | None = pydantic.Field(
        default=None,
        description="How many seconds one attempt may take; without it as the service says.",
        examples=[10],
        gt=0,
        le=LONGEST_TIMEOUT_S,
    )


class ChoiceRule(Document):
    """A condition, and where to go when it is the first that holds."""

    model_config = ConfigDict(title="Choice rule")

    when: Condition = pydantic.Field(
        description="What must hold.", examples=[{"value": "$.total", "greater_than": 100}]
    )
    next: Name = pydantic.Field(description="The state that follows then.", examples=["approve"])


class Choice(_State):
    """Goes where the first condition that holds says, else to the default."""

    model_config = ConfigDict(title="Choice")

    type: Literal["choice"]
    choices: Listed[ChoiceRule] = pydantic.Field(
        description="Asked in order.", min_length=1, max_length=MOST_CHOICES
    )
    default: Name = pydantic.Field(
        description="The state that follows when none holds.", examples=["ship"]
    )


class Wait(_State):
    """Lets time pass, without holding a worker."""

    model_config = ConfigDict(title="Wait", json_schema_extra={
        "oneOf": [{"required": ["seconds"]}, {"required": ["until"]}]
    })  # fmt: skip

    type: Literal["wait"]
    seconds: float | str | None = pydantic.Field(
        default=None,
        description="So many seconds, or a reference to a number of them.",
        examples=[3600, "$.delay_s"],
    )
    until: str | None = pydantic.Field(
        default=None,
        description="Until this time, in the format of ISO 8601 and with a time zone, or a "
        "reference to such a text. A time that has passed is not waited for.",
        examples=["$.order.deliver_at", "2030-01-01T08:00:00Z"],
    )
    next: Next = None

    @model_validator(mode="after")
    def _has_one_time(self) -> Wait:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("needs one of seconds and until, and not both")
        return self


class Pass(_State):
    """Puts values into the data."""

    model_config = ConfigDict(title="Pass")

    type: Literal["pass"]
    output: Mapping = pydantic.Field(
        default={},
        description="Names in the data, each with a value or with a reference into the data as "
        "they are before.",
        examples=[{"currency": "EUR", "amount": "$.order.total"}],
    )
    next: Next = None


class Succeed(_State):
    """Ends the workflow well."""

    model_config = ConfigDict(title="Succeed")

    type: Literal["succeed"]
    output: Mapping | None = pydantic.Field(
        default=None,
        description="The workflow's outputs, each with a value or with a reference into the data. "
        "Without it the outputs are taken from the data by their names.",
        examples=[{"total": "$.order.total"}],
    )


class Fail(_State):
    """Ends the workflow as failed."""

    model_config = ConfigDict(title="Fail")

    type: Literal["fail"]
    error: OwnErrorName = pydantic.Field(
        description="The name that the failed job shows.", examples=["OrderRefused"]
    )
    cause: Text = pydantic.Field(
        default="",
        description="Why, as a text, or a reference to one in the data.",
        examples=["The card was declined.", "$.error.message"],
    )


def _tag(value: object) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"«{kind}»"


Operation = Annotated[
    Annotated[Call, Tag("«call»")]
    | Annotated[Choice, Tag("«choice»")]
    | Annotated[Wait, Tag("«wait»")]
    | Annotated[Pass, Tag("«pass»")]
    | Annotated[Succeed, Tag("«succeed»")]
    | Annotated[Fail, Tag("«fail»")],
    Discriminator(_tag),
]
OPERATION_TYPES = ("call", "choice", "wait", "pass", "succeed", "fail")
