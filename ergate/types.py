"""The few type aliases and type adapters that every room shares."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter
from typing_extensions import TypeAliasType

type_adapter_config = ConfigDict(
    arbitrary_types_allowed=False,
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
)


def adapter_for(annotation: Any) -> TypeAdapter[Any]:
    """Return the pydantic adapter that carries values of `annotation` across a hop.

    Bytes travel as base64, so that any bytes survive JSON; in the fields of a model they do when
    its `model_config` says so, with `ser_json_bytes` and `val_json_bytes`.
    Raises `pydantic.errors.PydanticSchemaGenerationError` for a type that pydantic cannot describe.
    """
    try:
        return _cached_adapter(annotation)
    except TypeError:  # an unhashable annotation, such as Annotated[int, []]
        return _new_adapter(annotation)


@lru_cache(maxsize=1024)
def _cached_adapter(annotation: Any) -> TypeAdapter[Any]:
    return _new_adapter(annotation)


def _new_adapter(annotation: Any) -> TypeAdapter[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return TypeAdapter(annotation, config=type_adapter_config)
        except PydanticUserError as exc:
            if exc.code != "type-adapter-config-unused":
                raise
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                return TypeAdapter(annotation)  # its own `model_config` holds
            # A dataclass or typed dict takes the configuration of what surrounds it, and pydantic
            # only refuses to give one to it directly.
            alias: Any = TypeAliasType("Value", annotation)
            return TypeAdapter(alias, config=type_adapter_config)


class ValueFaults(ValueError):
    """What the check of a type raises for a value with several faults, so that each can be told."""

    def __init__(self, message: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.faults = tuple(faults)
