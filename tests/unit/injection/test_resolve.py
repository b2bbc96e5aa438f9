"""What a step is given, and what happens to it when the step has ended."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import pytest

from ergate.errors import InvalidDefinitionError, StepTimeout, ValidationError
from ergate.injection.markers import CurrentJob, Depends
from ergate.injection.plan import build_plan
from ergate.injection.resolve import StepValues, aresolve, resolve
from ergate.workflows.control import AbortJob, GoToEnd, GoToStep

Log = list[str]
Run = Callable[..., Any]
VALUES = StepValues("[1]", None, lambda: "the job")


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a step with its dependencies: on a thread of its own, or in the event loop."""
    with asyncio.Runner() as runner:

        def run_async(coroutine: Coroutine[Any, Any, Any]) -> Any:
            return runner.run(coroutine)

        def run_sync_step(function: Callable[..., Any], values: StepValues = VALUES) -> Any:
            with resolve(build_plan(function), values, run_async) as arguments:
                return function(**arguments)

        async def run_async_step(function: Callable[..., Any], values: StepValues) -> Any:
            async with aresolve(build_plan(function), values) as arguments:
                return function(**arguments)

        def run_in_loop(function: Callable[..., Any], values: StepValues = VALUES) -> Any:
            return runner.run(run_async_step(function, values))

        yield run_sync_step if request.param == "sync" else run_in_loop


def step_with(*functions: Any, ends: BaseException | None = None) -> Callable[..., Any]:
    """Return a step that depends on `functions`, returns what they gave, or raises `ends`."""

    def step(**given: Any) -> list[Any]:
        if ends is not None:
            raise ends
        return list(given.values())

    names = [f"d{place}" for place in range(len(functions))]
    step.__annotations__ = {
        name: Annotated[Any, Depends(function)]
        for name, function in zip(names, functions, strict=True)
    }
    step.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # as a decorator does it
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    return step


def recorder(log: Log, name: str, *, swallows: bool = False, fails: bool = False) -> Any:
    def dependency() -> Iterator[str]:
        log.append(f"open {name}")
        try:
            yield name
        except BaseException as exc:
            log.append(f"{name} saw {type(exc).__name__}")
            if not swallows:
                raise
        else:
            log.append(f"{name} saw nothing")
        finally:
            if fails:
                raise OSError(f"{name} broke")

    return dependency


def test_every_kind_of_dependency_gives_its_value(run: Run) -> None:
    class Manager:
        def __enter__(self) -> str:
            return "class"

        def __exit__(self, *_: object) -> None: ...

    class AsyncManager:
        async def __aenter__(self) -> str:
            return "async class"

        async def __aexit__(self, *_: object) -> None: ...

    def value() -> str:
        return "value"

    async def awaitable() -> str:
        return "awaitable"

    def generator() -> Iterator[str]:
        yield "generator"

    async def async_generator() -> AsyncIterator[str]:
        yield "async generator"

    functions = [
        value,
        awaitable,
        generator,
        async_generator,
        contextmanager(generator),
        asynccontextmanager(async_generator),
        Manager,
        AsyncManager,
    ]
    assert run(step_with(*functions)) == [
        "value",
        "awaitable",
        "generator",
        "async generator",
        "generator",
        "async generator",
        "class",
        "async class",
    ]


def test_a_plain_function_may_return_a_context_manager_that_is_not_entered(run: Run) -> None:
    class Manager:
        def __enter__(self) -> str:
            raise AssertionError

        def __exit__(self, *_: object) -> None: ...

    manager = Manager()
    assert run(step_with(lambda: manager)) == [manager]


def test_decorated_partial_and_bound_functions_are_dependencies_too(run: Run) -> None:
    class Service:
        def total(self, items: list[int], extra: int = 0) -> int:
            return sum(items) + extra

    @contextmanager
    def manager() -> Iterator[str]:
        yield "entered"

    @functools.wraps(manager)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return manager(*args, **kwargs)

    bound = Service().total
    step = step_with(decorated, bound, functools.partial(bound, extra=5))
    assert run(step) == ["entered", 1, 6]


def test_a_dependency_is_made_once_per_run(run: Run) -> None:
    made: list[object] = []

    def connection() -> object:
        made.append(object())
        return made[-1]

    def session(base: Annotated[object, Depends(connection)]) -> object:
        return base

    session.__annotations__["base"] = Annotated[object, Depends(connection)]
    step = step_with(connection, session)
    assert run(step) == [made[0], made[0]]
    assert run(step) == [made[1], made[1]]


def test_dependencies_and_step_do_not_share_a_mutable_input(run: Run) -> None:
    def spoil(items: list[int]) -> list[int]:
        items.append(99)
        return items

    def spoil_too(items: list[int]) -> list[int]:
        items.append(98)
        return items

    assert run(step_with(spoil, spoil_too)) == [[1, 99], [1, 98]]


def test_the_job_is_made_only_when_it_is_asked_for(run: Run) -> None:
    asked: list[str] = []

    def make_job() -> str:
        asked.append("asked")
        return "the job"

    values = StepValues(None, None, make_job)

    def reader(job: Annotated[Any, CurrentJob()]) -> Any:
        return job

    run(step_with(lambda: 1), values)
    assert asked == []
    assert run(step_with(reader), values) == ["the job"]
    assert asked == ["asked"]


def test_dependencies_are_torn_down_last_first(run: Run) -> None:
    log: Log = []
    run(step_with(recorder(log, "a"), recorder(log, "b")))
    assert log == ["open a", "open b", "b saw nothing", "a saw nothing"]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        StepTimeout("late"),
        AbortJob("no"),
        StopIteration("odd"),
        asyncio.CancelledError(),
    ],
)
def test_dependencies_see_the_exception_of_the_step(run: Run, error: BaseException) -> None:
    log: Log = []
    with pytest.raises((type(error), RuntimeError)):
        run(step_with(recorder(log, "a"), recorder(log, "b"), ends=error))
    assert log[2:] == [f"b saw {type(error).__name__}", f"a saw {type(error).__name__}"]


def test_an_async_generator_sees_the_exception_too(run: Run) -> None:
    seen: list[str] = []

    async def dependency() -> AsyncIterator[int]:
        try:
            yield 1
        except ValueError as exc:
            seen.append(str(exc))
            raise

    with pytest.raises(ValueError, match="wrong"):
        run(step_with(dependency, ends=ValueError("wrong")))
    assert seen == ["wrong"]


@pytest.mark.parametrize("order", [GoToStep("later"), GoToEnd(5)])
def test_going_elsewhere_is_a_normal_end_for_dependencies(
    run: Run, order: GoToStep | GoToEnd
) -> None:
    log: Log = []
    with pytest.raises(type(order)) as caught:
        run(step_with(recorder(log, "a"), ends=order))
    assert caught.value is order
    assert log == ["open a", "a saw nothing"]


def test_a_swallowed_exception_stands_and_every_dependency_sees_it(run: Run) -> None:
    log: Log = []
    with pytest.raises(ValueError, match="stands"):
        run(
            step_with(
                recorder(log, "a"), recorder(log, "b", swallows=True), ends=ValueError("stands")
            )
        )
    assert log[2:] == ["b saw ValueError", "a saw ValueError"]


def test_a_failing_teardown_after_success_is_the_failure_and_the_others_see_it(run: Run) -> None:
    log: Log = []
    with pytest.raises(OSError, match="b broke"):
        run(step_with(recorder(log, "a"), recorder(log, "b", fails=True)))
    assert log[2:] == ["b saw nothing", "a saw OSError"]


def test_a_failing_teardown_after_a_failure_is_noted_on_it(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    log: Log = []
    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="first") as caught:
        run(step_with(recorder(log, "a", fails=True), ends=ValueError("first")))
    assert ["OSError: a broke" in note for note in caught.value.__notes__] == [True]
    assert "failed when it was torn down" in caplog.text


def test_a_failing_teardown_after_going_elsewhere_is_the_failure(run: Run) -> None:
    with pytest.raises(OSError, match="a broke"):
        run(step_with(recorder([], "a", fails=True), ends=GoToEnd()))


def test_when_a_dependency_fails_those_before_it_are_torn_down(run: Run) -> None:
    log: Log = []

    def broken() -> int:
        raise LookupError("no server")

    with pytest.raises(LookupError, match="no server"):
        run(step_with(recorder(log, "a"), broken, recorder(log, "c")))
    assert log == ["open a", "a saw LookupError"]


def test_ctrl_c_during_teardown_outranks_the_error_of_the_step() -> None:
    def interrupted() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise KeyboardInterrupt

    log: Log = []
    step = step_with(recorder(log, "a"), interrupted, ends=ValueError("x"))
    with (
        pytest.raises(KeyboardInterrupt),
        resolve(build_plan(step), VALUES, asyncio.run) as arguments,
    ):
        step(**arguments)
    assert log == ["open a", "a saw KeyboardInterrupt"]


def test_a_generator_that_never_yields_is_told(run: Run) -> None:
    def never() -> Iterator[int]:
        yield from ()

    async def never_later() -> AsyncIterator[int]:
        nothing: list[int] = []
        for item in nothing:
            yield item

    for function in (never, never_later):
        with pytest.raises(InvalidDefinitionError, match=f'"{function.__name__}".*without'):
            run(step_with(function))


def test_a_generator_that_yields_twice_is_told_and_closed(run: Run) -> None:
    closed: list[str] = []

    def twice() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("sync")

    async def twice_later() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("async")

    for function in (twice, twice_later):
        with pytest.raises(InvalidDefinitionError, match="a second time"):
            run(step_with(function))
    assert closed == ["sync", "async"]


def test_an_input_that_does_not_fit_opens_nothing(run: Run) -> None:
    log: Log = []
    opened = recorder(log, "a")

    def step(number: int, opened: Any) -> None: ...

    step.__annotations__ = {"number": int, "opened": Annotated[Any, Depends(opened)]}
    with pytest.raises(ValidationError, match="number"):
        run(step)
    assert log == []


def test_a_class_that_swallows_does_not_change_the_outcome(run: Run) -> None:
    class Swallow:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> bool:
            return True

    with pytest.raises(ValueError, match="stands"):
        run(step_with(Swallow, ends=ValueError("stands")))
