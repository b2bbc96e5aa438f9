"""What is known about the data at one point of a workflow, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ergate.services.fields import Field
from ergate.services.value_type import ANY, ValueType

Kinds = frozenset[ValueType]


@dataclass(frozen=True, slots=True)
class Flow:
    """The names that may be in the data and those that certainly are, with their types.

    `kinds` has all types that a name may have, on whatever way it came there. `is_open` means
    that something unknown came before, so that any name may be there: then nothing is missing.
    """

    kinds: Mapping[str, Kinds]
    certain: frozenset[str]
    is_open: bool = False

    @classmethod
    def of(cls, fields: Iterable[Field], *, is_open: bool = False) -> Flow:
        """Return what is known of values that were checked against `fields`."""
        flow = cls({}, frozenset(), is_open)
        for field in fields:
            flow = flow.given(field)
        return flow

    def given(self, field: Field) -> Flow:
        """Return what is known once a field was put into the data, if there is a value for it."""
        if field.required or field.default is not None:
            return self.put({field.name: frozenset({field.value_type})})
        kinds = self.kinds.get(field.name, frozenset()) | {field.value_type}
        return replace(self, kinds={**self.kinds, field.name: kinds})

    def put(self, values: Mapping[str, Kinds]) -> Flow:
        """Return what is known once values were put into the data, over what was there."""
        return replace(
            self, kinds={**self.kinds, **values}, certain=self.certain | frozenset(values)
        )

    def assuming(self, names: Iterable[str]) -> Flow:
        """Return what is known where a condition has shown that some names are there."""
        shown = {name for name in names if name in self.kinds}
        return replace(self, certain=self.certain | shown)

    def opened(self) -> Flow:
        """Return what is known after something of which nothing is known."""
        return replace(self, kinds=dict.fromkeys(self.kinds, frozenset({ANY})), is_open=True)

    def has(self, name: str) -> bool:
        """Whether a name is certainly in the data, or cannot be said to be missing."""
        return name in self.certain or self.is_open

    def kinds_of(self, name: str) -> Kinds:
        """Return the types that a name may have; any, where something unknown came before."""
        return self.kinds.get(name, frozenset({ANY}))


def joined(flows: Sequence[Flow]) -> Flow:
    """Return what is known where several ways meet: certain is only what all of them bring."""
    first, *others = flows
    kinds = dict(first.kinds)
    for flow in others:
        for name, more in flow.kinds.items():
            kinds[name] = kinds.get(name, frozenset()) | more
    certain = first.certain.intersection(*(flow.certain for flow in others))
    # What an unknown service may have brought on one way counts as brought on the others too:
    # one fault is told then, and not what follows from it.
    return Flow(kinds, certain, any(flow.is_open for flow in flows))
