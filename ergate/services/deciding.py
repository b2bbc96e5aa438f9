"""Whether a condition holds with some data. Comparisons are strict about types."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ergate.services.conditions import And, Comparison, Condition, Not, Or
from ergate.services.failures import BadData
from ergate.services.faults import shown
from ergate.services.mappings import evaluate, reference_in
from ergate.services.value_type import parse_type, type_of


def holds(condition: Condition, data: object) -> bool:
    """Return whether `condition` holds; raises `BadData` for what is missing or of other types.

    `and` and `or` stop asking as soon as their answer is known, so that a comparison behind
    `is_present` may look at what is not always there.
    """
    match condition:
        case And(conditions=inner):
            return all(holds(one, data) for one in inner)
        case Or(conditions=inner):
            return any(holds(one, data) for one in inner)
        case Not(condition=one):
            return not holds(one, data)
        case Comparison():
            return all(_compare(condition, name, data) for name in condition.operators)


def _compare(comparison: Comparison, operator: str, data: object) -> bool:
    wanted = getattr(comparison, operator)
    if operator == "is_present":
        return _is_present(comparison.value, data) is wanted
    value = evaluate(comparison.value, data)
    if operator == "is_type":
        return parse_type(wanted).accepts(type_of(value)) and value is not None
    if operator == "matches":
        return _matches(wanted, _text(value, comparison.value))
    other = evaluate(wanted, data)
    match operator:
        case "equals":
            return same(value, other)
        case "not_equals":
            return not same(value, other)
        case "is_in":
            return any(same(value, item) for item in _items(other))
        case _:
            return _ORDERS[operator](_order(value, other, comparison))


def _is_present(written: object, data: object) -> bool:
    try:
        return evaluate(written, data) is not None
    except BadData:
        return False


def same(one: object, other: object) -> bool:
    """Whether two JSON values are equal: true is not 1, 1 is 1.0, and order in objects is none."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


_ORDERS: dict[str, Callable[[int], bool]] = {
    "less_than": lambda order: order < 0,
    "at_most": lambda order: order <= 0,
    "greater_than": lambda order: order > 0,
    "at_least": lambda order: order >= 0,
}


def _order(one: object, other: object, comparison: Comparison) -> int:
    """Return less than, equal to or greater than 0, as `one` is to `other`."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        if not isinstance(one, bool) and not isinstance(other, bool):
            return (one > other) - (one < other)
    elif isinstance(one, str) and isinstance(other, str):
        return (one > other) - (one < other)
    raise BadData(
        f"{_described(comparison.value)} is {_kind(one)} and cannot be ordered with "
        f"{_kind(other)}: only two numbers can, or two texts."
    )


def _items(value: object) -> Iterable[object]:
    if isinstance(value, list):
        return value
    raise BadData(f"is_in needs a list, not {_kind(value)}.")


def _text(value: object, written: object) -> str:
    if isinstance(value, str):
        return value
    raise BadData(f"{_described(written)} is {_kind(value)}, and only texts can match a pattern.")


def _kind(value: object) -> str:
    return "null" if value is None else f"{type_of(value)} {shown(value)}".strip()


def _described(written: object) -> str:
    reference = reference_in(written)
    return "The value" if reference is None else reference.text


def _matches(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern; linear, by taking each piece where it is first."""
    first, *pieces = pieces_of(pattern)
    if not pieces:
        return text == first
    *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, max(position, end))
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end


def pieces_of(pattern: str) -> list[str]:
    r"""Return the texts between the stars of a pattern; `\*` is a star, `\\` a backslash."""
    pieces, escaped = [""], False
    for character in pattern:
        if not escaped and character in "*\\":
            escaped = character == "\\"
            if character == "*":
                pieces.append("")
        else:
            pieces[-1] += character
            escaped = False
    return pieces
