"""Which hops are refused at registration, and that none is refused that would work."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import itertools
import json
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

import pydantic
import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypedDict  # pydantic reads it before Python 3.12

from ergate.errors import InvalidDefinitionError
from ergate.injection.plan import InputParameter
from ergate.types import adapter_for
from ergate.workflows.compatibility import Mismatch, mismatch
from ergate.workflows.paths import GoToStepPath
from ergate.workflows.workflow import Workflow


class Color(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Order(BaseModel):
    number: int
    note: str = ""


class Bigger(Order):
    price: decimal.Decimal


class Tree(BaseModel):
    value: int
    children: list[Tree] = []


class TextTree(BaseModel):
    value: str
    children: list[TextTree] = []


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    other: int = 0


class Aliased(BaseModel):
    number: int = Field(alias="Number")


class Coercing(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    number: str


class Forgiving(BaseModel):
    number: int

    @model_validator(mode="before")
    @classmethod
    def _anything(cls, value: object) -> object:
        return {"number": 1}


@dataclasses.dataclass
class Point:
    number: int


class Typed(TypedDict):
    number: int


class Named(NamedTuple):
    number: int
    note: str = ""


Roman = Annotated[int, BeforeValidator(lambda text: len(str(text)))]


def compare(sent: Any, taken: Any, *, has_default: bool = False) -> Mismatch | None:
    return mismatch(sent, InputParameter("x", taken, adapter_for(taken), has_default))


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (str, int),
        (str, bool),
        (float, int),
        (int, str),
        (None, int),
        (None, Order),
        (int | None, int),
        (int | str, int),
        (int, list[int]),
        (list[str], list[int]),
        (list[int], int),
        (tuple[int, str], list[int]),
        (tuple[int, int], tuple[int, int, int]),
        (dict[str, str], dict[str, int]),
        (dict[str, int], list[int]),
        (Order, int),
        (Order, Bigger),
        (Point, Bigger),
        (Tree, TextTree),
        (list[Order], Order),
        (Order | None, Order),
        (Order, Closed),
        (uuid.UUID, float),
        (dt.datetime, int),
        (Literal["a", "b"], int),
        (int, uuid.UUID),
        (str, Order),
        (Order, None),
    ],
)
def test_a_hop_that_cannot_work_is_refused(sent: Any, taken: Any) -> None:
    assert compare(sent, taken) is not None


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (int, float),
        (bool, int),
        (int, int | None),
        (None, int | None),
        (Any, int),
        (object, int),
        (NoReturn, int),
        (int, Any),
        (int, object),
        (Bigger, Order),
        (Order, Point),
        (Order, Typed),
        (Order, dict[str, Any]),
        (dict[str, int], Order),
        (dict, Order),
        (Open, Order),
        (Point, Named),
        (Literal["1", "2"], int),
        (decimal.Decimal, float),
        (float, decimal.Decimal),
        (dt.datetime, str),
        (int, dt.datetime),
        (uuid.UUID, str),
        (bytes, str),
        (Color, str),
        (str, Color),
        (Number, int),
        (set[int], list[int]),
        (list[int], set[int]),
        (list[int], Named),
        (tuple[int, str], Named),
        (Order, Aliased),
        (Order, Coercing),
        (str, Forgiving),
        (str, Roman),
        (int | Callable[[], int], str),
        (str, int | Callable[[], int]),
        (type[int], int),
        (Tree, Tree),
        (Order | Point, Order),
    ],
)
def test_a_hop_that_may_work_is_let_through(sent: Any, taken: Any) -> None:
    assert compare(sent, taken) is None


def test_none_fits_a_parameter_with_a_default() -> None:
    assert compare(None, int, has_default=True) is None
    assert compare(int | None, int, has_default=True) is None
    assert compare(str | None, int, has_default=True) is not None


def samples() -> Iterator[tuple[Any, list[Any]]]:
    yield int, [-1, 0, 7]
    yield float, [0.5, 2.0]
    yield str, ["text", "1"]
    yield bool, [True, False]
    yield bytes, [b"\xff\x00"]
    yield None, [None]
    yield int | None, [3, None]
    yield decimal.Decimal, [decimal.Decimal("1.5")]
    yield dt.datetime, [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]
    yield dt.date, [dt.date(2020, 1, 1)]
    yield dt.timedelta, [dt.timedelta(days=1)]
    yield uuid.UUID, [uuid.UUID(int=5)]
    yield pathlib.Path, [pathlib.Path("a/b")]
    yield Color, [Color.RED]
    yield Number, [Number.ONE]
    yield Literal["1", 2], ["1", 2]
    yield list[int], [[], [1, 5]]
    yield list[str], [[], ["a"]]
    yield set[int], [{1, 5}]
    yield tuple[int, str], [(1, "a")]
    yield dict[str, int], [{}, {"number": 5}]
    yield dict[int, str], [{1: "a"}]
    yield collections.Counter[str], [collections.Counter("aab")]
    yield Order, [Order(number=5)]
    yield Bigger, [Bigger(number=5, price=decimal.Decimal(2))]
    yield Tree, [Tree(value=5, children=[Tree(value=2)])]
    yield Closed, [Closed(number=5)]
    yield Open, [Open(), Open.model_validate({"number": 5})]
    yield Aliased, [Aliased(Number=5)]
    yield Forgiving, [Forgiving(number=5)]
    yield Point, [Point(5)]
    yield Typed, [{"number": 5}]
    yield Named, [Named(5)]
    yield Order | list[Order], [Order(number=5), [Order(number=5)]]


def test_nothing_is_refused_whose_values_all_arrive() -> None:
    """Every pair of many types: the run-time is the judge of the comparison."""
    wrong: list[tuple[Any, Any]] = []
    for (sent, values), (taken, _) in itertools.product(samples(), samples()):
        if compare(sent, taken) and all(_arrives(sent, taken, value) for value in values):
            wrong.append((sent, taken))
    assert wrong == []


def _arrives(sent: Any, taken: Any, value: Any) -> bool:
    text = adapter_for(sent).dump_json(value)
    json.loads(text)
    try:
        adapter_for(taken).validate_json(text, by_alias=True, by_name=True)
    except pydantic.ValidationError:
        return False
    return True


def returning(annotation: Any) -> Callable[[], Any]:
    def function() -> Any: ...

    function.__annotations__ = {"return": annotation}
    return function


def taking(annotation: Any) -> Callable[[Any], Any]:
    def function(order: Any) -> Any: ...

    function.__annotations__ = {"order": annotation}
    return function


def test_the_message_names_both_steps_both_types_and_the_fix() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="charge")(returning(str))
    workflow.step(name="ship")(taking(Order))
    with pytest.raises(InvalidDefinitionError) as caught:
        workflow.check()
    for part in ('"charge" returns str', '"ship"', "takes Order as 'order'", "Change"):
        assert part in str(caught.value)


def test_none_into_a_needed_input_advises_a_default() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a")(returning(None))
    workflow.step(name="b")(taking(int))
    with pytest.raises(InvalidDefinitionError, match="or give 'order' a default"):
        workflow.check()


def test_only_steps_that_can_follow_are_compared() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[GoToStepPath("c")])(returning(None))
    workflow.step(name="b")(taking(int))
    workflow.step(name="c")(returning(int))
    workflow.check()


@pytest.mark.parametrize(
    ("returned", "path", "fits"),
    [
        (None, GoToStepPath("c"), True),
        (None, GoToStepPath("c", retval=int), True),
        (None, GoToStepPath("c", retval=str), False),
        (None, GoToStepPath("c", retval=None), False),
        (int, GoToStepPath("c"), True),
        (str, GoToStepPath("c"), False),
        (str, GoToStepPath("c", retval=int), True),
        (Any, GoToStepPath("c"), True),
    ],
)
def test_a_path_is_compared_by_its_retval_else_by_the_return_type(
    returned: Any, path: GoToStepPath, *, fits: bool
) -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a", paths=[path])(returning(returned))
    workflow.step(name="b")(returning(int))
    workflow.step(name="c")(taking(int))
    if fits:
        workflow.check()
    else:
        with pytest.raises(InvalidDefinitionError, match='"c"'):
            workflow.check()


def test_a_step_without_input_takes_no_notice() -> None:
    workflow = Workflow(unique_name="w")
    workflow.step(name="a")(returning(Order))
    workflow.step(name="b")(returning(None))
    workflow.check()
