"""Values that a definition writes: literal ones, and references into the data within them.

A text that starts with `$` is a reference, and `$$` at its start stands for a literal `$`.
Everything else means itself; objects and lists may hold references at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ergate.services.faults import Fault, below, joined
from ergate.services.references import Reference, parse_reference


def reference_in(value: object) -> Reference | None:
    """Return the reference that a written value is; None for a literal one.

    Raises `ValueError` with a sentence when it starts like a reference and is none.
    """
    if looks_like_reference(value):
        assert isinstance(value, str)
        return parse_reference(value)
    return None


def looks_like_reference(value: object) -> bool:
    """Whether a written value starts like a reference, well written or not."""
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


def readable_reference(value: object) -> Reference | None:
    """Return the reference that a written value is; None for a literal or a badly written one."""
    try:
        return reference_in(value)
    except ValueError:
        return None


def literal(value: object) -> object:
    """Return what a written value means that is neither a reference, an object nor a list."""
    return value[1:] if isinstance(value, str) and value.startswith("$$") else value


def evaluate(written: object, data: object) -> object:
    """Return what a written value stands for with these data; raises `BadData`."""
    if isinstance(written, dict):
        return {key: evaluate(item, data) for key, item in written.items()}
    if isinstance(written, list):
        return [evaluate(item, data) for item in written]
    reference = reference_in(written)
    return literal(written) if reference is None else reference.follow(data)


def evaluate_all(mapping: Mapping[str, object], data: object) -> dict[str, object]:
    """Return each name of a mapping with what its value stands for; raises `BadData`."""
    return {name: evaluate(written, data) for name, written in mapping.items()}


def syntax_faults(written: object, place: str) -> Iterator[Fault]:
    """Yield every text in a written value that starts like a reference and is none."""
    if isinstance(written, dict):
        for key, item in written.items():
            yield from syntax_faults(item, below(place, key))
    elif isinstance(written, list):
        for index, item in enumerate(written):
            yield from syntax_faults(item, joined(place, f"[{index}]"))
    else:
        try:
            reference_in(written)
        except ValueError as exc:
            yield Fault(place, str(exc))
