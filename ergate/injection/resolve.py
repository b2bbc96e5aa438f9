"""Making a step's arguments, and closing what was opened for them when the step has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import AsyncGeneratorType, TracebackType
from typing import Any, TypeVar, cast

from ergate.injection.generators import OnceAsyncGenerator, OnceGenerator
from ergate.injection.kinds import Kind
from ergate.injection.plan import Dependency, Plan
from ergate.injection.sources import DependencySource, Parameter
from ergate.injection.teardown import Teardown
from ergate.injection.values import StepValues

T = TypeVar("T")
RunAsync = Callable[[Coroutine[Any, Any, T]], T]
AnyManager = AbstractContextManager[object] | AbstractAsyncContextManager[object]

__all__ = ["RunAsync", "StepValues", "aresolve", "resolve"]


def resolve(
    plan: Plan, values: StepValues, run_async: RunAsync[object]
) -> AbstractContextManager[dict[str, object]]:
    """Return a context manager that gives a sync step its arguments and tears down after it.

    Sync dependencies run in the calling thread. Async ones go through `run_async`, which runs
    the coroutine on the event loop, blocks, and returns its result; each call is a task of its
    own there, so an async dependency cannot hold a cancel scope open across its `yield`.
    The context manager never swallows an exception.
    Raises `ValidationError` for a value that does not fit, and whatever a dependency raises.
    """
    return _SyncResolution(plan, values, run_async)


def aresolve(plan: Plan, values: StepValues) -> AbstractAsyncContextManager[dict[str, object]]:
    """Return an async context manager that gives an async step its arguments.

    Everything runs in the event loop, sync dependencies included: a slow one blocks the loop.
    Otherwise it is like `resolve`.
    """
    return _AsyncResolution(plan, values)


class _Resolution:
    def __init__(self, plan: Plan, values: StepValues) -> None:
        self._plan = plan
        self._values = values
        self._made: list[object] = []
        self._teardown = Teardown()

    def _start(self) -> dict[str, object]:
        """Read what needs no dependency first: nothing is opened for an input that does not fit."""
        return self._read(
            parameter
            for parameter in self._plan.parameters
            if not isinstance(parameter.source, DependencySource)
        )

    def _finish(self, arguments: dict[str, object]) -> dict[str, object]:
        rest = (item for item in self._plan.parameters if item.name not in arguments)
        return arguments | self._read(rest)

    def _call(self, dependency: Dependency) -> object:
        return dependency.function(**self._read(dependency.parameters))

    def _read(self, parameters: Any) -> dict[str, object]:
        items: tuple[Parameter, ...] = tuple(parameters)
        return {item.name: item.source.read(self._values, self._made) for item in items}


class _SyncResolution(_Resolution):
    def __init__(self, plan: Plan, values: StepValues, run_async: RunAsync[object]) -> None:
        super().__init__(plan, values)
        self._run_async = run_async

    def __enter__(self) -> dict[str, object]:
        try:
            arguments = self._start()
            for dependency in self._plan.dependencies:
                self._made.append(self._make(dependency))
            return self._finish(arguments)
        except BaseException as exc:
            self._leave(exc)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        self._leave(exc)

    def _make(self, dependency: Dependency) -> object:
        made = self._call(dependency)
        if dependency.kind is Kind.VALUE:
            return made
        if dependency.kind is Kind.AWAITABLE:
            return self._run_async(_wait(cast(Awaitable[object], made)))
        manager = _manager(dependency, made)
        if isinstance(manager, AbstractContextManager) and not dependency.kind.is_async:
            value = manager.__enter__()
            self._teardown.push(dependency.label, lambda seen: manager.__exit__(*_info(seen)))
            return value
        entered = cast(AbstractAsyncContextManager[object], manager)
        value = self._run_async(_wait(entered.__aenter__()))
        self._teardown.push(dependency.label, lambda seen: self._run_async(_exit(entered, seen)))
        return value

    def _leave(self, ended_with: BaseException | None) -> None:
        self._teardown.begin(ended_with)
        while (turn := self._teardown.pop()) is not None:
            label, leave, seen = turn
            traceback = seen.__traceback__ if seen is not None else None
            try:
                leave(seen)
            except BaseException as exc:  # noqa: BLE001  # the others are torn down first
                self._teardown.failed(label, exc)
            if seen is not None:
                seen.__traceback__ = traceback  # it passed through the dependency, not from it
        self._teardown.end()


class _AsyncResolution(_Resolution):
    async def __aenter__(self) -> dict[str, object]:
        try:
            arguments = self._start()
            for dependency in self._plan.dependencies:
                self._made.append(await self._make(dependency))
            return self._finish(arguments)
        except BaseException as exc:
            await self._leave(exc)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._leave(exc)

    async def _make(self, dependency: Dependency) -> object:
        made = self._call(dependency)
        if dependency.kind is Kind.VALUE:
            return made
        if dependency.kind is Kind.AWAITABLE:
            return await cast(Awaitable[object], made)
        manager = _manager(dependency, made)
        if dependency.kind.is_async:
            entered = cast(AbstractAsyncContextManager[object], manager)
            value = await entered.__aenter__()
            self._teardown.push(dependency.label, lambda seen: _exit(entered, seen))
            return value
        plain = cast(AbstractContextManager[object], manager)
        value = plain.__enter__()
        self._teardown.push(dependency.label, lambda seen: plain.__exit__(*_info(seen)))
        return value

    async def _leave(self, ended_with: BaseException | None) -> None:
        self._teardown.begin(ended_with)
        while (turn := self._teardown.pop()) is not None:
            label, leave, seen = turn
            traceback = seen.__traceback__ if seen is not None else None
            try:
                left = leave(seen)
                if isinstance(left, Coroutine):
                    await left
            except BaseException as exc:  # noqa: BLE001  # the others are torn down first
                self._teardown.failed(label, exc)
            if seen is not None:
                seen.__traceback__ = traceback
        self._teardown.end()


def _manager(dependency: Dependency, made: object) -> AnyManager:
    if dependency.kind is Kind.GENERATOR:
        return OnceGenerator(cast(Generator[object, None, object], made), dependency.label)
    if dependency.kind is Kind.ASYNC_GENERATOR:
        return OnceAsyncGenerator(cast(AsyncGeneratorType[object, None], made), dependency.label)
    return cast(AnyManager, made)


ExitInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


def _info(seen: BaseException | None) -> ExitInfo:
    return (None, None, None) if seen is None else (type(seen), seen, seen.__traceback__)


async def _wait(awaitable: Awaitable[object]) -> object:
    return await awaitable


async def _exit(manager: AbstractAsyncContextManager[object], seen: BaseException | None) -> None:
    await manager.__aexit__(*_info(seen))
