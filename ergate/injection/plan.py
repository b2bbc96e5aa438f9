"""The plan by which a step gets its arguments, made once, when the step is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from ergate.errors import InvalidDefinitionError
from ergate.injection.kinds import Kind
from ergate.injection.sources import (
    InputSource,
    Parameter,
    Source,
    StoredValue,
    TransactionSource,
)
from ergate.injection.values import StepValues

_NOTHING_MADE: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class InputParameter:
    """The parameter that takes the step's input."""

    name: str
    annotation: Any
    adapter: TypeAdapter[Any]
    has_default: bool


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency: how to call it, and what the call returns."""

    label: str
    function: Callable[..., object]
    kind: Kind
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one step gets its arguments and what becomes of its result.

    `dependencies` is in the order of making: each stands after those that it needs.
    `input_adapter` reads the step's input as its own parameter declares it, else as the first
    dependency does that takes it; `None` when nobody looks at the input.
    `return_adapter` is `None` when the function has no return annotation.
    """

    function: Callable[..., object]
    is_async: bool
    parameters: tuple[Parameter, ...]
    dependencies: tuple[Dependency, ...]
    input: InputParameter | None
    input_adapter: TypeAdapter[Any] | None
    return_annotation: Any
    return_adapter: TypeAdapter[Any] | None
    has_return_annotation: bool
    has_dependencies: bool = field(init=False)
    needs_loop: bool = field(init=False)
    needs_transaction: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_dependencies", bool(self.dependencies))
        is_any_async = any(dependency.kind.is_async for dependency in self.dependencies)
        object.__setattr__(self, "needs_loop", self.is_async or is_any_async)
        wants_connection = any(isinstance(source, TransactionSource) for source in self._sources())
        object.__setattr__(self, "needs_transaction", wants_connection)

    def arguments(self, values: StepValues) -> dict[str, object]:
        """Return the arguments of a step that has no dependencies.

        Raises `ValidationError` when the input or the context does not fit its type.
        """
        return {
            parameter.name: parameter.source.read(values, _NOTHING_MADE)
            for parameter in self.parameters
        }

    def complete(self) -> None:
        """Finish types that named others which did not exist yet at declaration.

        Raises `InvalidDefinitionError` for a type that still cannot be understood.
        """
        for adapter in self._adapters():
            if adapter is None or adapter.pydantic_complete:
                continue
            try:
                adapter.rebuild(raise_errors=True)
            except Exception as exc:
                raise InvalidDefinitionError(
                    f"A type that function {getattr(self.function, '__name__', '?')!r} uses "
                    f"is not complete: {exc}"
                ) from exc

    def _sources(self) -> list[Source]:
        groups = (self.parameters, *(dependency.parameters for dependency in self.dependencies))
        return [parameter.source for group in groups for parameter in group]

    def _adapters(self) -> list[TypeAdapter[Any] | None]:
        read = [source.adapter for source in self._sources() if isinstance(source, StoredValue)]
        return [*read, self.return_adapter]


def build_plan(
    function: Callable[..., object],
    *,
    localns: Mapping[str, object] | None = None,
    name: str | None = None,
    overrides: Mapping[Callable[..., object], Callable[..., object]] | None = None,
) -> Plan:
    """Return the plan of a step's function.

    `localns` are the names around the function, for annotations that are strings.
    `name` is the step's name in messages; the function's own when left out.
    `overrides` gives dependencies that stand in for others, as tests want them.
    Raises `InvalidDefinitionError` when the function cannot be a step as it is written, and its
    subclass `UnresolvedAnnotation` when a name is missing that may still come.
    """
    from ergate.injection.building import PlanBuilder  # it builds the classes of this module

    return PlanBuilder(function, name, localns, overrides).build()


def first_input(
    parameters: tuple[Parameter, ...], dependencies: tuple[Dependency, ...]
) -> InputSource | None:
    """Return the first source that reads the input, the step's own before its dependencies'."""
    groups = (parameters, *(dependency.parameters for dependency in dependencies))
    for group in groups:
        for parameter in group:
            if isinstance(parameter.source, InputSource):
                return parameter.source
    return None
