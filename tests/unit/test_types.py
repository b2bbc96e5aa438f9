"""Values keep their types on their way through JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import pydantic
import pytest
from typing_extensions import TypedDict

from ergate.jobs.codec import Limits, dump
from ergate.types import adapter_for

ANY_BYTES = bytes(range(256))


class Colour(Enum):
    RED = "red"


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: bytes
    when: datetime


@dataclass(frozen=True)
class Plain:
    data: bytes
    id: UUID


class Typed(TypedDict):
    data: bytes


class Named(NamedTuple):
    data: bytes


WHEN = datetime(2026, 2, 20, 9, 30, 0, 123456, tzinfo=UTC)
UUID_7 = UUID("0b0d5dc6-2c5f-4a6e-9a51-3a6e2f1c7d10")
VALUES: list[tuple[Any, object]] = [
    (bytes, ANY_BYTES),
    (Model, Model(data=ANY_BYTES, when=WHEN)),
    (Plain, Plain(ANY_BYTES, UUID_7)),
    (list[Plain], [Plain(ANY_BYTES, UUID_7)]),
    (Typed, Typed(data=ANY_BYTES)),
    (Named, Named(ANY_BYTES)),
    (dict[Colour, tuple[Decimal, ...]], {Colour.RED: (Decimal("1.10"), Decimal("1E+9"))}),
    (set[date], {WHEN.date()}),
    (timedelta, timedelta(days=1, microseconds=7)),
    (int | str, "7"),
    (Plain | None, None),
]


@pytest.mark.parametrize(("annotation", "value"), VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_a_value_comes_back_equal_and_of_its_type(annotation: Any, value: object) -> None:
    adapter = adapter_for(annotation)
    text = dump(adapter, value, Limits(), "The value")
    back = adapter.validate_json(text)
    assert (back, type(back)) == (value, type(value))


def test_an_adapter_is_made_once_for_each_type() -> None:
    assert adapter_for(list[int]) is adapter_for(list[int])


def test_what_pydantic_cannot_describe_is_refused() -> None:
    class Unknown:
        pass

    with pytest.raises(pydantic.PydanticUserError):
        adapter_for(Unknown)
