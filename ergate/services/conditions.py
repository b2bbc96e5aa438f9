"""What a choice asks of the data: comparisons, and `and`, `or` and `not` of them."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import ConfigDict, Discriminator, JsonValue, Tag, model_serializer, model_validator

from ergate.services.document import Document, Listed

MOST_CONDITIONS = 50
OPERATORS = (
    "equals", "not_equals", "less_than", "at_most", "greater_than", "at_least", "is_in",
    "matches", "is_present", "is_type",
)  # fmt: skip
_OPERAND = "A value, or a reference into the data such as $.limit."


class Comparison(Document):
    """Compares one value with others; every comparison that is named must hold."""

    model_config = ConfigDict(title="Comparison", json_schema_extra={"minProperties": 2})

    value: str = pydantic.Field(
        description="What is compared: a reference into the data.",
        examples=["$.order.total"],
        json_schema_extra={"pattern": r"^\$"},
    )
    equals: JsonValue = pydantic.Field(
        default=None, description=f"Equal, in type and value; 1 equals 1.0. {_OPERAND}"
    )
    not_equals: JsonValue = pydantic.Field(default=None, description=f"Not equal. {_OPERAND}")
    less_than: JsonValue = pydantic.Field(
        default=None, description=f"Less; two numbers or two texts are compared. {_OPERAND}"
    )
    at_most: JsonValue = pydantic.Field(default=None, description=f"Less or equal. {_OPERAND}")
    greater_than: JsonValue = pydantic.Field(default=None, description=f"Greater. {_OPERAND}")
    at_least: JsonValue = pydantic.Field(default=None, description=f"Greater or equal. {_OPERAND}")
    is_in: JsonValue = pydantic.Field(
        default=None,
        description="Equal to one item of a list.",
        examples=[["EUR", "USD"], "$.known_currencies"],
    )
    matches: str | None = pydantic.Field(
        default=None,
        description="A text in which * stands for any characters, and \\* for a star.",
        examples=["order-*"],
        max_length=1_000,
    )
    is_present: bool | None = pydantic.Field(
        default=None, description="Whether the reference leads to something other than null."
    )
    is_type: Literal["string", "int", "float", "bool", "object", "array"] | None = pydantic.Field(
        default=None, description="Whether the value has this type; an int is a float too."
    )

    @model_validator(mode="after")
    def _compares(self) -> Comparison:
        if not self.operators:
            raise ValueError(f"compares with nothing; name one of {', '.join(OPERATORS)}")
        return self

    @model_serializer
    def _written(self) -> dict[str, object]:
        # Left out and null are not the same here, whatever else is left out of a dump.
        return {"value": self.value, **{name: getattr(self, name) for name in self.operators}}

    @property
    def operators(self) -> tuple[str, ...]:
        """The comparisons that are named; null can be compared with, so it is no sign."""
        return tuple(name for name in OPERATORS if name in self.model_fields_set)


class And(Document):
    """Holds when all of several conditions hold; the first that does not ends the asking."""

    model_config = ConfigDict(title="And")

    conditions: Listed[Condition] = pydantic.Field(
        alias="and", description="All of these.", min_length=1, max_length=MOST_CONDITIONS
    )


class Or(Document):
    """Holds when any of several conditions holds; the first that does ends the asking."""

    model_config = ConfigDict(title="Or")

    conditions: Listed[Condition] = pydantic.Field(
        alias="or", description="Any of these.", min_length=1, max_length=MOST_CONDITIONS
    )


class Not(Document):
    """Holds when a condition does not."""

    model_config = ConfigDict(title="Not")

    condition: Condition = pydantic.Field(alias="not", description="Not this.")


def _tag(value: object) -> str:
    keys = value if isinstance(value, dict) else ()
    for key, kind in (("and", And), ("or", Or), ("not", Not)):
        if key in keys or isinstance(value, kind):
            return f"«{key}»"
    return "«comparison»"


Condition = Annotated[
    Annotated[Comparison, Tag("«comparison»")]
    | Annotated[And, Tag("«and»")]
    | Annotated[Or, Tag("«or»")]
    | Annotated[Not, Tag("«not»")],
    Discriminator(_tag),
]
for _model in (And, Or, Not):
    _model.model_rebuild()
