"""From a function to its plan: which parameter gets what, and in which order things are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Never, NoReturn

from pydantic import PydanticUserError, TypeAdapter

from ergate.errors import InvalidDefinitionError
from ergate.injection.kinds import is_kind, kind_of
from ergate.injection.markers import Context, CurrentJob, Depends, Input, Transaction
from ergate.injection.plan import Dependency, InputParameter, Plan, first_input
from ergate.injection.signature import EMPTY, MarkedParameter, read_signature
from ergate.injection.sources import (
    ContextSource,
    DependencySource,
    InputSource,
    JobSource,
    Parameter,
    Source,
    TransactionSource,
    type_name,
)
from ergate.types import adapter_for

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class PlanBuilder:
    """Builds the plan of one step."""

    def __init__(
        self,
        function: Callable[..., object],
        name: str | None,
        localns: Mapping[str, object] | None,
        overrides: Mapping[Callable[..., object], Callable[..., object]] | None = None,
    ) -> None:
        self._overrides = overrides or {}
        self._function = function
        self._owner = f'step "{name or label_of(function)}"'
        self._localns = localns
        self._is_async = is_kind(inspect.iscoroutinefunction, function)
        self._dependencies: list[Dependency] = []
        self._places: dict[Hashable, int] = {}
        self._making: list[Callable[..., object]] = []

    def build(self) -> Plan:
        """Return the plan, or raise `InvalidDefinitionError`."""
        self._refuse_generator()
        signature = read_signature(self._function, self._owner, self._localns)
        parameters = self._parameters(signature.parameters, self._owner, is_step=True)
        dependencies = tuple(self._dependencies)
        source = first_input(parameters, dependencies)
        has_return = signature.returns not in (EMPTY, NoReturn, Never)
        return Plan(
            function=self._function,
            is_async=self._is_async,
            parameters=parameters,
            dependencies=dependencies,
            input=_own_input(parameters),
            input_adapter=None if source is None else source.adapter,
            return_annotation=Any if signature.returns is EMPTY else signature.returns,
            return_adapter=self._return_adapter(signature.returns) if has_return else None,
            has_return_annotation=signature.returns is not EMPTY,
        )

    def _refuse_generator(self) -> None:
        tests = (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        if any(is_kind(test, self._function) for test in tests):
            raise InvalidDefinitionError(
                f"The function of {self._owner} is a generator. A step returns its result; "
                "replace `yield` with `return`, or make it a dependency with Depends."
            )

    def _parameters(
        self, written: tuple[MarkedParameter, ...], owner: str, *, is_step: bool
    ) -> tuple[Parameter, ...]:
        given: list[Parameter] = []
        for parameter in written:
            if _keeps_default(parameter, is_step=is_step):
                continue
            _refuse_unnameable(parameter, owner)
            given.append(Parameter(parameter.name, self._source(parameter, owner)))
        inputs = [item.name for item in given if isinstance(item.source, InputSource)]
        if len(inputs) > 1:
            raise InvalidDefinitionError(
                f"Parameters {', '.join(map(repr, inputs))} of {owner} would all get the step's "
                "one input. Keep one; mark the others with Depends, Context or CurrentJob, or "
                "put the values into one model."
            )
        return tuple(given)

    def _source(self, parameter: MarkedParameter, owner: str) -> Source:
        match parameter.marker:
            case Depends(f=function):
                return DependencySource(self._place_of(function, parameter.name, owner))
            case CurrentJob():
                return JobSource()
            case Transaction():
                return TransactionSource(owner)
            case Context():
                return ContextSource(*self._stored(parameter, owner))
            case Input() | None:
                return InputSource(*self._stored(parameter, owner))

    def _stored(
        self, parameter: MarkedParameter, owner: str
    ) -> tuple[str, str, object, TypeAdapter[Any], bool, object]:
        where = f"parameter {parameter.name!r} of {owner}"
        adapter = _adapter(parameter.annotation, where)
        name, annotation = parameter.name, parameter.annotation
        return owner, name, annotation, adapter, parameter.has_default, parameter.default

    def _return_adapter(self, annotation: object) -> TypeAdapter[Any]:
        return _adapter(annotation, f"the return value of {self._owner}")

    def _place_of(self, function: Callable[..., object], parameter: str, owner: str) -> int:
        """Return the place of a dependency in the order of making, adding what it needs first."""
        if not callable(function):
            raise InvalidDefinitionError(
                f"Parameter {parameter!r} of {owner} depends on {function!r}, which cannot be "
                "called. Depends takes a function or a class, not the result of calling it."
            )
        if isinstance(function, Hashable):
            function = self._overrides.get(function, function)
        key = _key(function)
        if key not in self._places:
            dependency = self._dependency(function)
            self._places[key] = len(self._dependencies)
            self._dependencies.append(dependency)
        return self._places[key]

    def _dependency(self, function: Callable[..., object]) -> Dependency:
        if any(_key(other) == _key(function) for other in self._making):
            cycle = " → ".join(label_of(item) for item in (*self._making, function))
            raise InvalidDefinitionError(
                f"Dependencies of {self._owner} need each other in a circle: {cycle}. "
                "Take one of them out."
            )
        self._making.append(function)
        owner = f'dependency "{label_of(function)}" of {self._owner}'
        signature = read_signature(function, owner, self._localns)
        parameters = self._parameters(signature.parameters, owner, is_step=False)
        self._making.pop()
        kind = kind_of(function, prefer_async=self._is_async)
        return Dependency(owner, function, kind, parameters)


def label_of(function: Callable[..., object]) -> str:
    """Return the name of a function for a person."""
    inner = getattr(function, "func", function)  # functools.partial has no name of its own
    return str(getattr(inner, "__name__", None) or type(inner).__name__)


def _key(function: Callable[..., object]) -> Hashable:
    try:
        hash(function)
    except TypeError:
        return id(function)
    return function


def _keeps_default(parameter: MarkedParameter, *, is_step: bool) -> bool:
    """Whether a dependency is called without this parameter; a step gets all of its own."""
    if is_step or parameter.marker is not None:
        return False
    return parameter.has_default or parameter.kind in _VARIADIC


def _refuse_unnameable(parameter: MarkedParameter, owner: str) -> None:
    if parameter.kind in _VARIADIC:
        stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
        raise InvalidDefinitionError(
            f"{owner[0].upper()}{owner[1:]} takes {stars}{parameter.name}, which nothing can be "
            "given to. Name its parameters; if a decorator hides them, use functools.wraps in it."
        )
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise InvalidDefinitionError(
            f"Parameter {parameter.name!r} of {owner} is positional-only, but arguments are "
            "given by name. Remove the `/` from its signature."
        )


def _own_input(parameters: tuple[Parameter, ...]) -> InputParameter | None:
    for parameter in parameters:
        source = parameter.source
        if isinstance(source, InputSource):
            return InputParameter(
                parameter.name, source.annotation, source.adapter, source.has_default
            )
    return None


def _adapter(annotation: object, where: str) -> TypeAdapter[Any]:
    try:
        return adapter_for(annotation)
    except (PydanticUserError, TypeError, ValueError, NameError) as exc:
        reason = str(exc).partition("\n")[0]
        raise InvalidDefinitionError(
            f"The type {type_name(annotation)} of {where} cannot be read from or written to JSON: "
            f"{reason} Use a pydantic model, a dataclass or another type that pydantic knows; "
            "for an object that is made for the step use Annotated[..., Depends(...)]."
        ) from exc
