"""Where one parameter gets its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pydantic
from pydantic import TypeAdapter

from ergate.errors import Unsupported, ValidationError
from ergate.injection.values import StepValues


class Source(Protocol):
    """Reads the value of a parameter out of the step's values and the dependencies made so far."""

    def read(self, values: StepValues, made: Sequence[object]) -> object: ...


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value that is kept as JSON: what the input and the context have in common.

    It is read from JSON anew for each parameter: everyone gets a copy of their own.
    """

    owner: str
    parameter: str
    annotation: object
    adapter: TypeAdapter[Any]
    has_default: bool
    default: object

    def load(self, what: str, text: str | None) -> object:
        """Return the validated value; JSON `null` becomes the parameter's default if it has one.

        Raises `ValidationError` with pydantic's own message.
        """
        if self.has_default and (text is None or text == "null"):
            return self.default
        try:
            # Results are dumped by field name, while people write aliases: both are understood.
            return self.adapter.validate_json(
                "null" if text is None else text, by_alias=True, by_name=True
            )
        except pydantic.ValidationError as exc:
            raise ValidationError(
                f"The {what} does not fit parameter {self.parameter!r} "
                f"({type_name(self.annotation)}) of {self.owner}: {exc}"
            ) from exc


@dataclass(frozen=True, slots=True)
class InputSource(StoredValue):
    """The step's input."""

    def read(self, values: StepValues, made: Sequence[object]) -> object:
        return self.load("input", values.input_json)


@dataclass(frozen=True, slots=True)
class ContextSource(StoredValue):
    """The job's user context."""

    def read(self, values: StepValues, made: Sequence[object]) -> object:
        return self.load("user context", values.context_json)


@dataclass(frozen=True, slots=True)
class JobSource:
    """The running job."""

    def read(self, values: StepValues, made: Sequence[object]) -> object:
        return values.job()


@dataclass(frozen=True, slots=True)
class TransactionSource:
    """The connection of the transaction in which the step runs."""

    owner: str

    def read(self, values: StepValues, made: Sequence[object]) -> object:
        if values.connection is None:
            raise Unsupported(
                f"{self.owner} asks for the connection of its Transaction(), and here outcomes are "
                "not written in one. Use a state store that declares TRANSACTIONAL_STEPS, such as "
                "sqlite: see `ergate backends list`."
            )
        return values.connection


@dataclass(frozen=True, slots=True)
class DependencySource:
    """The dependency at this place of the plan."""

    index: int

    def read(self, values: StepValues, made: Sequence[object]) -> object:
        return made[self.index]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that is given a value."""

    name: str
    source: Source


def type_name(annotation: object) -> str:
    """Return an annotation as a person would write it."""
    if annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__qualname__.rpartition("<locals>.")[2]
    return str(annotation).replace("typing.", "")
