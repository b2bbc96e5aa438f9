"""What kind of function a dependency is, decided once, at declaration."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum, auto
from types import CodeType, FunctionType


class Kind(Enum):
    """How the value of a dependency is got out of a call to its function."""

    VALUE = auto()
    AWAITABLE = auto()
    GENERATOR = auto()
    ASYNC_GENERATOR = auto()
    CONTEXT = auto()
    ASYNC_CONTEXT = auto()

    @property
    def is_async(self) -> bool:
        """Whether an event loop is needed."""
        return self in (Kind.AWAITABLE, Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT)


@contextmanager
def _sample() -> Iterator[None]:
    yield


@asynccontextmanager
async def _async_sample() -> AsyncIterator[None]:
    yield


def _code_of(function: object) -> CodeType | None:
    return function.__code__ if isinstance(function, FunctionType) else None


# What the standard decorators return shares one code object each; a plain function that
# returns an object with __enter__ must not be taken for one, so the result is no evidence.
_SYNC_HELPER = _code_of(_sample)
_ASYNC_HELPER = _code_of(_async_sample)


def kind_of(function: Callable[..., object], *, prefer_async: bool) -> Kind:
    """Return the kind of a dependency.

    A class that is a context manager of both kinds is entered as `prefer_async` says.
    """
    if isinstance(function, type):
        return _kind_of_class(function, prefer_async=prefer_async)
    if is_kind(inspect.isasyncgenfunction, function):
        return Kind.ASYNC_GENERATOR
    if is_kind(inspect.isgeneratorfunction, function):
        return Kind.GENERATOR
    if is_kind(inspect.iscoroutinefunction, function):
        return Kind.AWAITABLE
    code = _code_of(inspect.unwrap(function, stop=_is_context_helper))
    if code is _SYNC_HELPER:
        return Kind.CONTEXT
    return Kind.ASYNC_CONTEXT if code is _ASYNC_HELPER else Kind.VALUE


def is_kind(test: Callable[[object], bool], function: Callable[..., object]) -> bool:
    """Whether `test` holds for a function, or for the `__call__` of a callable object."""
    return test(function) or test(type(function).__call__)


def _is_context_helper(function: Callable[..., object]) -> bool:
    return _code_of(function) in (_SYNC_HELPER, _ASYNC_HELPER)


def _kind_of_class(cls: type, *, prefer_async: bool) -> Kind:
    is_context = hasattr(cls, "__enter__") and hasattr(cls, "__exit__")
    if (
        hasattr(cls, "__aenter__")
        and hasattr(cls, "__aexit__")
        and (prefer_async or not is_context)
    ):
        return Kind.ASYNC_CONTEXT
    return Kind.CONTEXT if is_context else Kind.VALUE
