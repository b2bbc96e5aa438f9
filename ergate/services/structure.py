"""Whether everything that a definition names exists, once, and is written so that it can work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ergate.errors import did_you_mean
from ergate.services.draft import Draft
from ergate.services.failures import ANYTHING, KNOWN, LASTING
from ergate.services.faults import Fault, joined, shown
from ergate.services.mappings import syntax_faults
from ergate.services.operations import Call, Choice, Fail, Operation, Wait
from ergate.services.plan import State
from ergate.services.service import Service
from ergate.services.times import time_faults

Services = Mapping[str, Service]
_MOST_SHOWN = 20


def structure_faults(draft: Draft, states: Sequence[State], services: Services) -> Iterator[Fault]:
    """Yield every name that is unknown or given twice, and every value that is written wrongly."""
    yield from _doubles("inputs", {i: field.name for i, field in draft.inputs.items()}, "an input")
    yield from _doubles(
        "outputs", {i: field.name for i, field in draft.outputs.items()}, "an output"
    )
    yield from _doubles(
        "operations", {i: one.name for i, one in draft.operations.items()}, "a state"
    )
    if draft.is_straight:
        yield from _straight(draft, services)
        return
    for state in states:
        yield from _service_faults(state, services)
        yield from _rule_faults(state, services)
        yield from _written_faults(state)
    yield from _target_faults(draft, states)
    yield from _agreement(draft)


def _doubles(key: str, names: Mapping[int, str], what: str) -> Iterator[Fault]:
    counts = Counter(names.values())
    first: set[str] = set()
    for index, name in names.items():
        if counts[name] > 1 and name in first:
            yield Fault(f"{key}[{index}].name", f"is {shown(name)}, as {what} before it is too.")
        first.add(name)


def _straight(draft: Draft, services: Services) -> Iterator[Fault]:
    if not draft.services and "services" not in draft.unread:
        yield Fault("services", "is empty, and there are no operations: name what is to be called.")
    for index, name in draft.services.items():
        if name not in services:
            yield Fault(f"services[{index}]", unregistered(name, services))


def unregistered(name: str, services: Iterable[str]) -> str:
    """Return, for a message, that a service is unknown, and which ones are known."""
    known = sorted(services)
    there = ", ".join(known[:_MOST_SHOWN]) + (" …" if len(known) > _MOST_SHOWN else "")
    return (
        f"names the service {shown(name)}, which is not registered.{did_you_mean(name, known)} "
        f"Registered: {there or 'none'}."
    )


def _service_faults(state: State, services: Services) -> Iterator[Fault]:
    if isinstance(state.operation, Call) and state.operation.service not in services:
        yield Fault(f"{state.place}.service", unregistered(state.operation.service, services))


def _target_faults(draft: Draft, states: Sequence[State]) -> Iterator[Fault]:
    names = {state.name for state in states} | draft.unread_states
    ends = {state.name for state in states if isinstance(state.operation, Fail)}
    for state in states:
        is_written = getattr(state.operation, "next", None) is not None
        for exit_ in state.exits:
            is_silent = exit_.kind == "next" and not is_written
            if is_silent and exit_.target in ends:
                yield Fault(
                    state.place,
                    f"has no next, so that the fail state {shown(exit_.target)}, which is written "
                    'behind it, would follow. Say what follows with "next".',
                )
            elif not is_silent and exit_.target not in names:
                target = str(exit_.target)
                yield Fault(
                    exit_.place,
                    f"leads to {shown(target)}, which is no state.{did_you_mean(target, names)} "
                    "To end well, lead to a state of type succeed.",
                )


def _rule_faults(state: State, services: Services) -> Iterator[Fault]:
    if not isinstance(state.operation, Call):
        return
    service = services.get(state.operation.service)
    own = () if service is None else service.errors
    rules = [("retry", i, rule.errors) for i, rule in enumerate(state.operation.retry or ())]
    rules += [("catch", i, rule.errors) for i, rule in enumerate(state.operation.catch)]
    for kind, number, names in rules:
        for index, name in enumerate(names):
            place = f"{state.place}.{kind}[{number}].errors[{index}]"
            if kind == "retry" and name in LASTING:
                yield Fault(place, f"is {name}, which would be the same again; catch it instead.")
            elif name not in (*KNOWN, ANYTHING, *own) and service is not None:
                yield Fault(place, _unknown_error(name, own, service.name))


def _unknown_error(name: str, own: Sequence[str], service: str) -> str:
    known = (*own, *KNOWN)
    return (
        f"is {shown(name)}, which is no error that is known here.{did_you_mean(name, known)} "
        f"Known: {', '.join(known)}, and * for all. The errors of the service's own are those "
        f"that {shown(service)} declares."
    )


def _agreement(draft: Draft) -> Iterator[Fault]:
    """The list of services beside operations says the same twice: then both must agree."""
    calls = {i: one for i, one in draft.operations.items() if isinstance(one, Call)}
    if not draft.services or {"operations", "services"} & draft.unread:
        return
    called = {call.service for call in calls.values()}
    listed = set(draft.services.values())
    for index, name in draft.services.items():
        if name not in called:
            yield Fault(
                f"services[{index}]",
                f"names {shown(name)}, which no operation calls.{did_you_mean(name, called)} "
                "With operations, services names just what they call; it may be left out.",
            )
    for index, call in calls.items():
        if call.service not in listed:
            yield Fault(
                f"operations[{index}].service",
                f"is {shown(call.service)}, which services does not list. List it there too, or "
                "leave services out.",
            )


def _written_faults(state: State) -> Iterator[Fault]:
    """Yield texts that start like references and are none, and times that are none."""
    for key, written in _written(state.operation):
        yield from syntax_faults(written, joined(state.place, key))
    if isinstance(state.operation, Wait):
        yield from time_faults(state.operation, state.place)


def _written(operation: Operation) -> Iterator[tuple[str, object]]:
    document = operation.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(operation, Choice):
        for number, choice in enumerate(document["choices"]):
            yield f"choices[{number}].when", choice["when"]
        return
    for key in ("input", "output", "seconds", "until", "cause"):
        if document.get(key) is not None:
            yield key, document[key]
