"""Whether what a definition writes fits where it is used: there, and of the right type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ergate.errors import did_you_mean
from ergate.services.faults import Fault, below, joined, shown
from ergate.services.flow import Flow, Kinds
from ergate.services.mappings import literal, looks_like_reference, readable_reference
from ergate.services.references import Reference
from ergate.services.value_type import ANY, ARRAY, OBJECT, ValueType, type_of, value_faults

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Scope:
    """The data that references look into: what is known of them, and why a name may be missing."""

    flow: Flow
    why_missing: Callable[[str], str]

    def fit(self, written: object, wanted: ValueType, place: str) -> Iterator[Fault]:
        """Yield why a written value is not certainly there, or is not of type `wanted`."""
        reference = readable_reference(written)
        if reference is not None:
            yield from self._fit_reference(reference, wanted, place)
        elif isinstance(written, dict):
            yield from _agree({OBJECT}, wanted, place, "an object")
            for key, item in written.items():
                yield from self.fit(item, ANY, below(place, key))
        elif isinstance(written, list):
            yield from _agree({ARRAY}, wanted, place, "a list")
            for index, item in enumerate(written):
                yield from self.fit(item, wanted.item or ANY, joined(place, f"[{index}]"))
        elif not looks_like_reference(written):  # a bad one is told elsewhere
            yield from value_faults(wanted, literal(written), place)

    def _fit_reference(
        self, reference: Reference, wanted: ValueType, place: str
    ) -> Iterator[Fault]:
        faults = list(self.faults_of(reference, place))
        yield from faults or _agree(self.kinds(reference), wanted, place, reference.text)

    def faults_of(self, reference: Reference, place: str) -> Iterator[Fault]:
        """Yield why a reference may lead to nothing, as far as that is known beforehand."""
        if not reference.segments:
            return
        name = reference.segments[0]
        if isinstance(name, int):
            yield Fault(place, f"is {reference.text}, but the data are an object and no list.")
        elif not self.flow.has(name):
            yield Fault(place, f"is {shown(reference.text)}, and {self.why_missing(name)}")
        else:
            yield from self._dead_end(reference, place)

    def _dead_end(self, reference: Reference, place: str) -> Iterator[Fault]:
        for count in range(1, len(reference.segments)):
            part = Reference(reference.text, reference.segments[:count])
            wanted = "list" if isinstance(reference.segments[count], int) else "object"
            wrong = [kind for kind in self.kinds(part) if not _opens(kind, wanted)]
            if wrong:
                yield Fault(
                    place,
                    f"is {shown(reference.text)}, but {reference.upto(count)} is "
                    f"{_either(wrong)} and no {wanted}.",
                )
                return

    def kinds(self, reference: Reference) -> Kinds:
        """Return the types that a reference may lead to."""
        if not reference.segments:
            return frozenset({OBJECT})
        kinds = self.flow.kinds_of(str(reference.segments[0]))
        for _ in reference.segments[1:]:
            kinds = frozenset(kind.item or ANY for kind in kinds)
        return kinds

    def kinds_of(self, written: object) -> Kinds:
        """Return the types that a written value may have."""
        reference = readable_reference(written)
        if reference is not None:
            return (
                frozenset({ANY}) if list(self.faults_of(reference, "")) else self.kinds(reference)
            )
        return frozenset({ANY if looks_like_reference(written) else type_of(literal(written))})

    def assuming(self, names: Iterable[str]) -> Scope:
        """Return the same with some names taken to be there."""
        return Scope(self.flow.assuming(names), self.why_missing)


def _opens(kind: ValueType, wanted: str) -> bool:
    return kind.name in ("any", "array" if wanted == "list" else wanted)


def _agree(kinds: Iterable[ValueType], wanted: ValueType, place: str, what: str) -> Iterator[Fault]:
    wrong = [kind for kind in kinds if not wanted.accepts(kind)]
    if wrong:
        yield Fault(place, f"must be {wanted}, but {what} is {_either(wrong)}.")


def _either(kinds: Iterable[ValueType]) -> str:
    return " or ".join(sorted(str(kind) for kind in kinds))


def known_names(flow: Flow, name: str) -> str:
    """Return, for a message about a missing name, the one that was meant and those there are."""
    names = sorted(flow.kinds)
    there = ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
    return f"{did_you_mean(name, names)} There is {there or 'nothing'}."
