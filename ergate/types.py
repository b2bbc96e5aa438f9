"""The few type aliases and type adapters that every room shares."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter

type_adapter_config = ConfigDict(
    arbitrary_types_allowed=False,
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
)


def adapter_for(annotation: Any) -> TypeAdapter[Any]:
    """Return the pydantic adapter that carries values of `annotation` across a hop.

    Bytes travel as base64, so that any bytes survive JSON.
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
            # Models, dataclasses and typed dicts bring a configuration of their own.
            if exc.code != "type-adapter-config-unused":
                raise
            return TypeAdapter(annotation)
