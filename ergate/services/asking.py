"""What is known beforehand about conditions: whether they can be asked, and what they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ergate.services.conditions import And, Comparison, Condition, Not, Or
from ergate.services.faults import Fault, joined, shown
from ergate.services.fitting import Scope
from ergate.services.flow import Kinds
from ergate.services.mappings import looks_like_reference, readable_reference
from ergate.services.value_type import ANY, ARRAY, STRING

_ORDERED = ("less_than", "at_most", "greater_than", "at_least")


def shown_by(condition: Condition, *, holds: bool) -> set[str]:
    """Return the names that are in the data for certain when a condition holds, or does not."""
    match condition:
        case Comparison(value=value, is_present=wanted):
            shows = wanted is not None and wanted is holds
            # When several comparisons do not hold together, nobody knows which of them.
            shows = shows and (holds or len(condition.operators) == 1)
            reference = readable_reference(value) if shows else None
            return {str(reference.segments[0])} if reference and reference.segments else set()
        case Not(condition=inner):
            return shown_by(inner, holds=not holds)
        case And(conditions=inner):
            return _together([shown_by(one, holds=holds) for one in inner], all_count=holds)
        case Or(conditions=inner):
            return _together([shown_by(one, holds=holds) for one in inner], all_count=not holds)


def _together(names: Sequence[set[str]], *, all_count: bool) -> set[str]:
    return set.union(*names) if all_count else set.intersection(*names)


def condition_faults(condition: Condition, scope: Scope, place: str) -> Iterator[Fault]:
    """Yield why a condition may be impossible to ask."""
    match condition:
        case Comparison():
            yield from _comparison_faults(condition, scope, place)
        case Not(condition=inner):
            yield from condition_faults(inner, scope, joined(place, "not"))
        case And(conditions=inner):
            yield from _row_faults(inner, scope, joined(place, "and"), goes_on_when=True)
        case Or(conditions=inner):
            yield from _row_faults(inner, scope, joined(place, "or"), goes_on_when=False)


def _row_faults(
    conditions: Sequence[Condition], scope: Scope, place: str, *, goes_on_when: bool
) -> Iterator[Fault]:
    """Each is only asked when those before it held (`and`), or did not (`or`)."""
    for index, condition in enumerate(conditions):
        yield from condition_faults(condition, scope, f"{place}[{index}]")
        scope = scope.assuming(shown_by(condition, holds=goes_on_when))


def _comparison_faults(comparison: Comparison, scope: Scope, place: str) -> Iterator[Fault]:
    reference = readable_reference(comparison.value)
    where = joined(place, "value")
    if reference is None:
        if looks_like_reference(comparison.value):
            return  # it is told elsewhere how it is badly written
        meant = shown(f"$.{comparison.value.removeprefix('$$')}")
        yield Fault(where, f"is no reference into the data. Was {meant} meant?")
        return
    operators = comparison.operators
    if "is_present" in operators:
        scope = scope.assuming(scope.flow.kinds)  # that it may be missing is what is asked
    faults = list(scope.faults_of(reference, where))
    yield from faults
    kinds = frozenset({ANY}) if faults else scope.kinds(reference)
    for operator in operators:
        if operator not in ("is_present", "is_type"):
            yield from _operand_faults(operator, comparison, kinds, scope, joined(place, operator))


def _operand_faults(
    operator: str, comparison: Comparison, kinds: Kinds, scope: Scope, place: str
) -> Iterator[Fault]:
    written = getattr(comparison, operator)
    if operator == "matches":
        if not any(STRING.accepts(kind) for kind in kinds):
            yield Fault(place, f"needs a text, but {comparison.value} is {_named(kinds)}.")
        return
    faults = list(scope.fit(written, ARRAY if operator == "is_in" else ANY, place))
    yield from faults
    if faults or operator == "is_in":
        return
    others = scope.kinds_of(written)
    test = _can_be_ordered if operator in _ORDERED else _can_be_equal
    if not any(test(one.name, other.name) for one in kinds for other in others):
        verb = "ordered with" if operator in _ORDERED else "equal to"
        yield Fault(
            place,
            f"cannot be asked: {comparison.value} is {_named(kinds)}, which is never {verb} "
            f"{_named(others)}.",
        )


def _named(kinds: Kinds) -> str:
    return " or ".join(sorted(str(kind) for kind in kinds))


def _can_be_ordered(one: str, other: str) -> bool:
    pair = {one, other}
    if "any" in pair:
        return bool((pair - {"any"}) <= {"string", "int", "float"})
    return pair == {"string"} or pair <= {"int", "float"}


def _can_be_equal(one: str, other: str) -> bool:
    pair = {one, other}
    return "any" in pair or len(pair) == 1 or pair == {"int", "float"}
