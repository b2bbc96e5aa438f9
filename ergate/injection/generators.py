"""Generators that yield once, entered and left like context managers, with clear errors."""

from __future__ import annotations

from collections.abc import Generator
from types import AsyncGeneratorType, TracebackType

from ergate.errors import InvalidDefinitionError


class OnceGenerator:
    """A generator dependency: the value that it yields, then the lines after its `yield`."""

    def __init__(self, generator: Generator[object, None, object], label: str) -> None:
        self._generator = generator
        self._label = label

    def __enter__(self) -> object:
        try:
            return next(self._generator)
        except StopIteration:
            raise _never_yielded(self._label) from None

    def __exit__(
        self, kind: type[BaseException] | None, seen: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if seen is None:
                next(self._generator)
            else:
                self._generator.throw(seen)
        except StopIteration:
            return
        except RuntimeError as exc:
            if _is_disguised_stop(exc, seen):
                return
            raise
        self._generator.close()
        raise _yielded_twice(self._label)


class OnceAsyncGenerator:
    """An async generator dependency."""

    def __init__(self, generator: AsyncGeneratorType[object, None], label: str) -> None:
        self._generator = generator
        self._label = label

    async def __aenter__(self) -> object:
        try:
            return await anext(self._generator)
        except StopAsyncIteration:
            raise _never_yielded(self._label) from None

    async def __aexit__(
        self, kind: type[BaseException] | None, seen: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if seen is None:
                await anext(self._generator)
            else:
                await self._generator.athrow(seen)
        except StopAsyncIteration:
            return
        except RuntimeError as exc:
            if _is_disguised_stop(exc, seen):
                return
            raise
        if self._generator.ag_frame is None:  # the event loop was shut down and closed it
            return
        await self._generator.aclose()
        raise _yielded_twice(self._label)


def _is_disguised_stop(raised: RuntimeError, seen: BaseException | None) -> bool:
    """Python turns a StopIteration that passes through a generator into a RuntimeError."""
    return isinstance(seen, StopIteration | StopAsyncIteration) and raised.__cause__ is seen


def _never_yielded(label: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"The generator of {label} ended without a `yield`. Let it yield its value exactly once."
    )


def _yielded_twice(label: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"The generator of {label} yielded a second time. Let it yield its value exactly once; "
        "what stands after the `yield` runs when the step has ended."
    )
