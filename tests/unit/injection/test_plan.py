"""What a step's signature means, decided when the step is declared."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import pytest
from pydantic import BaseModel, Field

from ergate.errors import InvalidDefinitionError, ValidationError
from ergate.injection.kinds import Kind
from ergate.injection.markers import Context, CurrentJob, Depends, Input
from ergate.injection.plan import build_plan
from ergate.injection.signature import UnresolvedAnnotation
from ergate.injection.values import StepValues


class Order(BaseModel):
    number: int
    note: str = Field(default="", alias="Note")


@dataclass
class Settings:
    path: str = "x"


def give(input_json: str | None = None, context_json: str | None = None) -> StepValues:
    return StepValues(input_json, context_json, lambda: "the job")


def refusal(function: Any) -> str:
    with pytest.raises(InvalidDefinitionError) as caught:
        build_plan(function)
    return str(caught.value)


def plain() -> int:
    return 1


def test_a_function_without_parameters_gets_no_arguments() -> None:
    plan = build_plan(plain)
    assert plan.arguments(give("5")) == {}
    assert (plan.input, plan.input_adapter, plan.has_dependencies) == (None, None, False)
    assert (plan.is_async, plan.needs_loop) == (False, False)


def test_a_parameter_without_a_marker_gets_the_input_in_its_type() -> None:
    def ship(order: Order) -> None: ...

    plan = build_plan(ship)
    assert plan.arguments(give('{"number": 3}')) == {"order": Order(number=3)}
    assert plan.input is not None
    assert (plan.input.name, plan.input.annotation) == ("order", Order)
    assert plan.input_adapter is plan.input.adapter


def test_fields_are_read_by_name_and_by_alias() -> None:
    def ship(order: Order) -> None: ...

    plan = build_plan(ship)
    by_name = plan.arguments(give('{"number": 3, "note": "x"}'))
    by_alias = plan.arguments(give('{"number": 3, "Note": "x"}'))
    assert by_name == by_alias == {"order": Order(number=3, Note="x")}


def test_an_unannotated_parameter_gets_whatever_the_input_is() -> None:
    def take(value):  # type: ignore[no-untyped-def]  # what is tested
        return value

    plan = build_plan(take)
    assert plan.arguments(give('{"a": [1]}')) == {"value": {"a": [1]}}
    assert (plan.return_adapter, plan.return_annotation) == (None, Any)


def test_each_marker_fills_its_parameter() -> None:
    def step(
        job: Annotated[object, CurrentJob()],
        user: Annotated[dict[str, int], Context()],
        number: Annotated[int, Input(), Field(gt=0)],
    ) -> None: ...

    arguments = build_plan(step).arguments(give("2", '{"id": 7}'))
    assert arguments == {"job": "the job", "user": {"id": 7}, "number": 2}


def test_other_metadata_of_an_annotation_keeps_its_effect() -> None:
    def step(number: Annotated[int, Input(), Field(gt=0)]) -> None: ...

    with pytest.raises(ValidationError, match="greater than 0"):
        build_plan(step).arguments(give("-2"))


@pytest.mark.parametrize("stored", [None, "null"])
def test_null_becomes_the_default_of_the_parameter(stored: str | None) -> None:
    def step(number: int = 5, *, tag: Annotated[str, Context()] = "none") -> None: ...

    assert build_plan(step).arguments(give(stored, stored)) == {"number": 5, "tag": "none"}


def test_a_value_that_does_not_fit_names_step_parameter_type_and_reason() -> None:
    def ship(number: int) -> None: ...

    with pytest.raises(ValidationError) as caught:
        build_plan(ship, name="send").arguments(give('"x"'))
    for part in ('step "send"', "'number'", "(int)", "unable to parse string as an integer"):
        assert part in str(caught.value)


def test_no_input_for_a_parameter_without_default_is_refused() -> None:
    def ship(number: int) -> None: ...

    with pytest.raises(ValidationError, match="number"):
        build_plan(ship).arguments(give(None))


def test_every_reader_of_the_input_gets_a_copy_of_its_own() -> None:
    def ship(items: list[int]) -> None: ...

    plan, values = build_plan(ship), give("[1]")
    first = plan.arguments(values)["items"]
    second = plan.arguments(values)["items"]
    assert first == second
    assert first is not second


def test_two_parameters_for_the_input_are_refused_with_both_names() -> None:
    def ship(left: int, right: int = 1) -> None: ...

    assert "'left', 'right'" in refusal(ship)


def test_two_markers_on_one_parameter_are_refused() -> None:
    def ship(value: Annotated[int, Input(), Context()]) -> None: ...

    assert "2 marks: Input, Context" in refusal(ship)


def test_a_marker_inside_of_another_type_is_refused() -> None:
    def ship(value: Annotated[int, Depends(plain)] | None) -> None: ...

    assert "inside of another type" in refusal(ship)


def test_a_marker_as_default_value_is_refused() -> None:
    def ship(value: int = Depends(plain)) -> None: ...  # type: ignore[assignment]  # the mistake

    assert "default value" in refusal(ship)


def test_a_marker_class_that_was_not_called_is_refused() -> None:
    def ship(value: Annotated[int, Context]) -> None: ...

    assert "Write Context()" in refusal(ship)


def test_variadic_and_positional_only_parameters_are_refused() -> None:
    def many(*numbers: int) -> None: ...
    def named(**numbers: int) -> None: ...
    def positional(number: int, /) -> None: ...

    assert "*numbers" in refusal(many)
    assert "**numbers" in refusal(named)
    assert "positional-only" in refusal(positional)


def test_a_generator_is_no_step() -> None:
    def counted() -> Iterator[int]:
        yield 1

    async def counted_later() -> AsyncIterator[int]:
        yield 1

    assert "is a generator" in refusal(counted)
    assert "is a generator" in refusal(counted_later)


def test_a_type_that_pydantic_cannot_describe_is_refused_by_name() -> None:
    class Socket: ...

    def ship(socket: Socket) -> None: ...
    def open_it() -> Socket:
        return Socket()

    with pytest.raises(InvalidDefinitionError) as caught:
        build_plan(ship, localns=locals())
    for part in ("Socket", "'socket'", 'step "ship"', "Depends"):
        assert part in str(caught.value)
    with pytest.raises(InvalidDefinitionError, match='return value of step "open_it"'):
        build_plan(open_it, localns=locals())


def test_a_name_that_cannot_be_found_is_told() -> None:
    def ship(order: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # the mistake

    with pytest.raises(UnresolvedAnnotation, match="'Missing'"):
        build_plan(ship)


def test_names_around_the_function_are_found() -> None:
    class Local(BaseModel):
        x: int

    def ship(order: Local) -> None: ...

    plan = build_plan(ship, localns=locals())
    assert plan.arguments(give('{"x": 1}')) == {"order": Local(x=1)}


def test_a_dependency_with_a_default_keeps_it_and_one_without_gets_the_input() -> None:
    def tax(amount: int, rate: int = 7) -> int:
        return 1

    def bill(total: Annotated[int, Depends(tax)]) -> None: ...

    plan = build_plan(bill, localns=locals())
    (dependency,) = plan.dependencies
    assert [parameter.name for parameter in dependency.parameters] == ["amount"]
    assert plan.input is None
    assert plan.input_adapter is not None


def test_two_dependencies_of_one_function_are_one() -> None:
    def middle(base: Annotated[int, Depends(plain)]) -> int:
        return 1

    def step(
        base: Annotated[int, Depends(plain)], above: Annotated[int, Depends(middle)]
    ) -> None: ...

    plan = build_plan(step, localns=locals())
    assert [item.function for item in plan.dependencies] == [plain, middle]


def test_a_circle_of_dependencies_is_refused_with_its_names() -> None:
    def first(value: int) -> int:
        return 1

    def second(value: Annotated[int, Depends(first)]) -> int:
        return 1

    first.__annotations__["value"] = Annotated[int, Depends(second)]

    def step(value: Annotated[int, Depends(first)]) -> None: ...

    with pytest.raises(InvalidDefinitionError, match="first → second → first"):
        build_plan(step, localns=locals())


def test_a_dependency_that_cannot_be_called_is_refused() -> None:
    def step(value: Annotated[int, Depends(3)]) -> None: ...

    assert "3, which cannot be called" in refusal(step)


def kinds() -> Iterator[tuple[Any, Kind]]:
    def value() -> int:
        return 1

    async def awaitable() -> int:
        return 1

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    class Both:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...
        async def __aenter__(self) -> None: ...
        async def __aexit__(self, *_: object) -> None: ...

    class Called:
        async def __call__(self) -> int:
            return 1

    open_later = contextmanager(generator)()
    yield value, Kind.VALUE
    yield awaitable, Kind.AWAITABLE
    yield generator, Kind.GENERATOR
    yield async_generator, Kind.ASYNC_GENERATOR
    yield contextmanager(generator), Kind.CONTEXT
    yield asynccontextmanager(async_generator), Kind.ASYNC_CONTEXT
    yield Both, Kind.CONTEXT
    yield Settings, Kind.VALUE
    yield Called(), Kind.AWAITABLE
    yield functools.partial(awaitable), Kind.AWAITABLE
    yield lambda: open_later, Kind.VALUE


@pytest.mark.parametrize(("function", "kind"), list(kinds()))
def test_the_kind_of_a_dependency_is_seen_from_its_function(function: Any, kind: Kind) -> None:
    def step(value: Annotated[Any, Depends(function)]) -> None: ...

    plan = build_plan(step, localns={"function": function})
    assert plan.dependencies[0].kind is kind
    assert plan.needs_loop is kind.is_async


def test_an_async_step_enters_a_class_of_both_kinds_asynchronously() -> None:
    both = next(function for function, _ in kinds() if getattr(function, "__name__", "") == "Both")

    async def step(value: Annotated[Any, Depends(both)]) -> None: ...

    plan = build_plan(step, localns=locals())
    assert plan.is_async
    assert plan.dependencies[0].kind is Kind.ASYNC_CONTEXT


def test_a_dataclass_or_a_builtin_can_be_a_dependency() -> None:
    def step(
        settings: Annotated[Settings, Depends(Settings)], names: Annotated[Any, Depends(dict)]
    ) -> None: ...

    plan = build_plan(step)
    assert [item.kind for item in plan.dependencies] == [Kind.VALUE, Kind.VALUE]


def test_a_step_that_never_returns_has_nothing_to_dump() -> None:
    def leave() -> NoReturn:
        raise SystemExit

    plan = build_plan(leave)
    assert (plan.return_adapter, plan.return_annotation) == (None, NoReturn)


def test_none_is_dumped_as_null() -> None:
    def quiet() -> None: ...

    adapter = build_plan(quiet).return_adapter
    assert adapter is not None
    assert adapter.dump_json(None) == b"null"
