"""What runs: the states of a workflow, of one kind whether it was written as a list or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from ergate.services.fields import Field
from ergate.services.operations import Call, Choice, Fail, Operation, Pass, Succeed, Wait

END = None
"""Where a state leads after which the workflow is done."""
UNREAD = ""
"""The name of a state that could not be read, not even its name."""


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a state; `rule` is the position of the choice or catch that it belongs to."""

    target: str | None
    place: str
    kind: str = "next"
    rule: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """One state: what it does, where it stands in the document, and what follows by default."""

    operation: Operation
    next: str | None
    place: str

    @property
    def name(self) -> str:
        """Its name, once in a plan."""
        return self.operation.name

    @property
    def exits(self) -> tuple[Exit, ...]:
        """Every way out of it, in the order in which they are written."""
        return tuple(self._exits())

    @property
    def can_end(self) -> bool:
        """Whether the workflow may end well here."""
        return isinstance(self.operation, Succeed) or any(
            exit_.target is END for exit_ in self.exits
        )

    def _exits(self) -> Iterator[Exit]:
        match self.operation:
            case Call(catch=rules):
                yield Exit(self.next, f"{self.place}.next")
                for number, rule in enumerate(rules):
                    yield Exit(rule.next, f"{self.place}.catch[{number}].next", "catch", number)
            case Choice(choices=choices, default=default):
                for number, choice in enumerate(choices):
                    place = f"{self.place}.choices[{number}].next"
                    yield Exit(choice.next, place, "choice", number)
                yield Exit(default, f"{self.place}.default", "default")
            case Wait() | Pass():
                yield Exit(self.next, f"{self.place}.next")
            case Succeed() | Fail():
                return
            case _:
                assert_never(self.operation)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked workflow: its states in an order in which every way leads forward."""

    name: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    states: tuple[State, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that it calls, each once, sorted."""
        calls = (state.operation for state in self.states)
        return tuple(sorted({call.service for call in calls if isinstance(call, Call)}))


def states_in_order(services: Mapping[int, str]) -> list[State]:
    """Return one call for each service of a list, one after the other.

    A service that comes again gets a number: upper, reverse, upper-2.
    """
    names = _numbered(list(services.values()))
    calls = zip(names, services.items(), strict=True)
    return [
        State(
            Call(name=name, type="call", service=service),
            names[number] if number < len(names) else END,
            f"services[{index}]",
        )
        for number, (name, (index, service)) in enumerate(calls, start=1)
    ]


def _numbered(services: Sequence[str]) -> list[str]:
    names: list[str] = []
    taken = set(services)  # a service may be called upper-2 itself
    seen: set[str] = set()
    for service in services:
        name, number = service, 2
        while name in seen or (name != service and name in taken):
            name, number = f"{service}-{number}", number + 1
        seen.add(name)
        names.append(name)
    return names


def states_as_written(operations: Mapping[int, Operation], *, is_whole: bool = True) -> list[State]:
    """Return the states of operations; one without `next` leads to the one that is written next.

    Without `is_whole` some could not be read: what leads to one of them leads to no known state.
    """
    last = max(operations) if is_whole and operations else None
    states = []
    for index, operation in operations.items():
        after = operations.get(index + 1)
        written = UNREAD if after is None else after.name
        following = _next(operation) or (END if index == last else written)
        states.append(State(operation, following, f"operations[{index}]"))
    return states


def _next(operation: Operation) -> str | None:
    return operation.next if isinstance(operation, Call | Wait | Pass) else END
