"""One input or output of a service or a workflow, and the check of values against several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pydantic
from pydantic import JsonValue, ValidationInfo, field_validator

from ergate.errors import did_you_mean
from ergate.services.document import Document, FieldName, Text, TypeName
from ergate.services.faults import MOST_FAULTS, Fault, joined, shown
from ergate.services.value_type import ValueType, parse_type, value_faults

Data = dict[str, Any]
"""A JSON object."""


class Field(Document):
    """One named and typed value."""

    name: FieldName = pydantic.Field(
        description="What the value is called in the data.", examples=["message", "space_count"]
    )
    type: TypeName = pydantic.Field(
        description="string, int, float, bool, object, array, or a list of them such as list[int].",
        examples=["string", "int", "list[string]"],
    )
    description: Text = pydantic.Field(
        default="", description="What the value means, for people.", examples=["The text to change"]
    )
    required: bool = pydantic.Field(
        default=True, description="Whether it must be there. Without it null counts as missing."
    )
    default: JsonValue = pydantic.Field(
        default=None,
        description="The value that is taken when it is missing. A field with one may be missing.",
        examples=["en"],
    )

    @field_validator("default")
    @classmethod
    def _default_fits(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        if value is not None and "type" in info.data:
            for fault in value_faults(parse_type(info.data["type"]), value, ""):
                raise ValueError(str(fault).rstrip("."))
        return value

    @property
    def value_type(self) -> ValueType:
        """The type that `type` names."""
        return parse_type(self.type)

    @property
    def is_needed(self) -> bool:
        """Whether a value must be given: it is required, and there is no default."""
        return self.required and self.default is None


def check_values(
    fields: Sequence[Field],
    data: object,
    *,
    place: str = "",
    unknown: Literal["refuse", "drop"] = "refuse",
) -> tuple[Data, list[Fault]]:
    """Return the values of `fields` in `data`, with defaults filled in, and every fault.

    Keys that no field has are faults, or are left out with `unknown="drop"`.
    """
    if not isinstance(data, Mapping):
        return {}, [*value_faults(parse_type("object"), data, place)]
    faults: list[Fault] = []
    values: Data = {}
    for field in fields:
        given = data.get(field.name, field.default)
        if given is None:
            given = field.default
        if given is not None:
            values[field.name] = given
            faults += value_faults(field.value_type, given, joined(place, field.name))
        elif field.is_needed:
            faults.append(Fault(joined(place, field.name), _missing(field, data)))
    if unknown == "refuse":
        faults += _unknown(fields, data, place)
    return values, faults


def _missing(field: Field, data: Mapping[Any, Any]) -> str:
    why = "is null" if field.name in data else "is missing"
    about = f" ({field.description})" if field.description else ""
    return f"{why}; it must be {field.type}{about}."


def _unknown(fields: Sequence[Field], data: Mapping[Any, Any], place: str) -> list[Fault]:
    names = [field.name for field in fields]
    known = f"There is {', '.join(names)}." if names else "Nothing is taken."
    unknown = [key for key in data if key not in set(names)]
    return [
        Fault(
            place, f"has the unknown key {shown(str(key))}.{did_you_mean(str(key), names)} {known}"
        )
        for key in unknown[:MOST_FAULTS]
    ]


def fields_schema(fields: Sequence[Field]) -> dict[str, object]:
    """Return the JSON Schema of an object with these fields and no others."""
    properties: dict[str, object] = {}
    for field in fields:
        about = {"description": field.description} if field.description else {}
        default = {} if field.default is None else {"default": field.default}
        properties[field.name] = {**field.value_type.schema(), **about, **default}
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields if field.is_needed],
        "additionalProperties": False,
    }
