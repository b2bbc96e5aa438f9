"""Reading a function's parameters, types and marks, also when annotations are strings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ergate.errors import InvalidDefinitionError
from ergate.injection.markers import MARKERS, Depends, Marker

EMPTY = inspect.Parameter.empty


class UnresolvedAnnotation(InvalidDefinitionError):
    """An annotation names something that does not exist, or not yet."""


@dataclass(frozen=True, slots=True)
class MarkedParameter:
    """A parameter as it was written: its type without the mark, and the mark."""

    name: str
    annotation: Any
    marker: Marker | None
    default: object
    kind: Any

    @property
    def has_default(self) -> bool:
        """Whether the function can be called without it."""
        return self.default is not EMPTY


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters and the return annotation of a function; unannotated is `EMPTY`."""

    parameters: tuple[MarkedParameter, ...]
    returns: Any


def read_signature(
    function: Callable[..., object], owner: str, localns: Mapping[str, object] | None
) -> Signature:
    """Return the parameters of a function.

    `owner` names the function in messages, such as `step "charge"`.
    Raises `UnresolvedAnnotation` when a name in an annotation cannot be found, and
    `InvalidDefinitionError` when a mark stands where it has no effect.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some built-in functions do not tell; they take nothing
        return Signature((), EMPTY)
    hints = _type_hints(function, owner, localns)
    marked = tuple(_marked(parameter, hints, owner) for parameter in parameters)
    return Signature(marked, hints.get("return", EMPTY))


def _type_hints(
    function: Callable[..., object], owner: str, localns: Mapping[str, object] | None
) -> dict[str, Any]:
    target = _hint_target(function)
    is_local = "<locals>" in getattr(target, "__qualname__", "")
    # A function written inside another sees its neighbours first; any other function only
    # turns to them for a name that its own module does not have.
    order = (localns, None) if is_local else (None, localns)
    problem: Exception | None = None
    for names in order:
        try:
            return get_type_hints(
                target, localns=None if names is None else dict(names), include_extras=True
            )
        except (NameError, AttributeError) as exc:
            problem = exc
        except (TypeError, SyntaxError) as exc:
            if not getattr(target, "__annotations__", None):
                return {}
            raise UnresolvedAnnotation(f"An annotation of {owner} cannot be read: {exc}.") from exc
    raise UnresolvedAnnotation(_unresolved_message(owner, problem)) from problem


def _unresolved_message(owner: str, problem: Exception | None) -> str:
    name = getattr(problem, "name", None)
    return (
        f"An annotation of {owner} uses the name {name!r}, which cannot be found: {problem}. "
        "Import or define it where the function is defined, before the workflow is registered "
        "and outside of `if TYPE_CHECKING:`."
    )


def _hint_target(function: Callable[..., object]) -> Any:
    if isinstance(function, functools.partial):
        return _hint_target(function.func)
    if isinstance(function, type):
        return inspect.getattr_static(function, "__init__")
    if inspect.isroutine(function) or hasattr(function, "__wrapped__"):
        return function
    return type(function).__call__


def _marked(parameter: inspect.Parameter, hints: dict[str, Any], owner: str) -> MarkedParameter:
    raw = parameter.annotation
    fallback = Any if raw is EMPTY or isinstance(raw, str) else raw
    annotation, marker = _split(hints.get(parameter.name, fallback), parameter.name, owner)
    if isinstance(parameter.default, MARKERS):
        raise InvalidDefinitionError(
            f"Parameter {parameter.name!r} of {owner} has {parameter.default!r} as its default "
            f"value, where it has no effect. Write `{parameter.name}: Annotated[T, "
            f"{type(parameter.default).__name__}(...)]`."
        )
    return MarkedParameter(parameter.name, annotation, marker, parameter.default, parameter.kind)


def _split(annotation: Any, name: str, owner: str) -> tuple[Any, Marker | None]:
    """Part an annotation into the type and its mark."""
    while hasattr(annotation, "__value__"):  # `type Alias = Annotated[...]`
        annotation = annotation.__value__
    if get_origin(annotation) is not Annotated:
        _refuse_hidden(annotation, name, owner)
        return annotation, None
    base, *metadata = get_args(annotation)
    markers = [item for item in metadata if _is_marker(item, name, owner)]
    rest = [item for item in metadata if not isinstance(item, MARKERS)]
    if len(markers) > 1:
        raise InvalidDefinitionError(
            f"Parameter {name!r} of {owner} has {len(markers)} marks: "
            f"{', '.join(type(marker).__name__ for marker in markers)}. Keep one of them."
        )
    _refuse_hidden(base, name, owner)
    kept = Annotated[(base, *rest)] if rest else base
    return kept, (markers[0] if markers else None)


def _is_marker(item: object, name: str, owner: str) -> bool:
    if isinstance(item, type) and item in MARKERS:
        raise InvalidDefinitionError(
            f"Parameter {name!r} of {owner} is marked with the class {item.__name__}. "
            f"Write {item.__name__}({'f' if item is Depends else ''}) instead."
        )
    return isinstance(item, MARKERS)


def _refuse_hidden(annotation: Any, name: str, owner: str) -> None:
    """Refuse `Annotated[T, Depends(f)] | None`: the mark would silently have no effect."""
    for inner in get_args(annotation):
        if isinstance(inner, MARKERS):
            raise InvalidDefinitionError(
                f"Parameter {name!r} of {owner} has its mark {type(inner).__name__} inside of "
                "another type, where it has no effect. Put Annotated[...] on the outside."
            )
        _refuse_hidden(inner, name, owner)
