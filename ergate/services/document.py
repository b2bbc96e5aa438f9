"""The base of everything that people write as JSON: frozen, strict, and without unknown keys."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ergate.services.faults import shown
from ergate.services.value_type import parse_type

T = TypeVar("T")

LONGEST_NAME = 100
LONGEST_TEXT = 2_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ERROR_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


class Document(BaseModel):
    """A JSON object with declared keys; the text below a class is what editors show."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"is {shown(text)}, which is no name: letters, digits and _ . - are allowed, "
            "and a letter or digit comes first"
        )
    return _short(text)


def _field_name(text: str) -> str:
    if not _FIELD_NAME.fullmatch(text):
        raise ValueError(
            f"is {shown(text)}, which is no name for data: letters, digits, _ and - are allowed, "
            "and a letter or _ comes first"
        )
    return _short(text)


def _error_name(text: str) -> str:
    return text if text == "*" else _own_error_name(text)


def _own_error_name(text: str) -> str:
    if not _ERROR_NAME.fullmatch(text):
        raise ValueError(
            f"is {shown(text)}, which is no name of an error: write it as in ServiceTimeout, "
            "with letters and digits, a capital first"
        )
    return _short(text)


def _short(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise ValueError(f"has {len(text)} characters, and {LONGEST_NAME} are allowed")
    return text


def _type_name(text: str) -> str:
    parse_type(_short(text))
    return text


def frozen_list(value: object) -> object:
    """Return a list as a tuple, and anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[
    str,
    AfterValidator(_name),
    Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$", "maxLength": LONGEST_NAME}),
]
FieldName = Annotated[
    str,
    AfterValidator(_field_name),
    Field(json_schema_extra={"pattern": f"^{_FIELD_NAME.pattern}$", "maxLength": LONGEST_NAME}),
]
ErrorName = Annotated[
    str,
    AfterValidator(_error_name),
    Field(json_schema_extra={"pattern": r"^(\*|[A-Z][A-Za-z0-9]*)$", "maxLength": LONGEST_NAME}),
]
OwnErrorName = Annotated[
    str,
    AfterValidator(_own_error_name),
    Field(json_schema_extra={"pattern": f"^{_ERROR_NAME.pattern}$", "maxLength": LONGEST_NAME}),
]
TypeName = Annotated[
    str,
    AfterValidator(_type_name),
    Field(
        json_schema_extra={
            "anyOf": [
                {"enum": ["string", "int", "float", "bool", "object", "array"]},
                {"pattern": r"^list\[.+\]$"},
            ]
        }
    ),
]
Listed = Annotated[tuple[T, ...], BeforeValidator(frozen_list)]
"""A list in JSON, a tuple here, so that what was checked cannot change."""
SchemaAddress = Annotated[
    Text | None,
    Field(
        default=None,
        alias="$schema",
        exclude=True,
        description="Where the schema of this document is, for editors; nothing else looks at it.",
    ),
]
