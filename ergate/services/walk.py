"""Follows the data through every way of a workflow, and tells what may be missing where.

At each state is known what is certainly there on all ways that lead to it, and of which types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import assert_never

from ergate.services.asking import shown_by
from ergate.services.faults import Fault, shown
from ergate.services.fields import Field
from ergate.services.fitting import Scope, known_names
from ergate.services.flow import Flow, joined
from ergate.services.operations import Call, Choice, Fail, Pass, Succeed, Wait
from ergate.services.ordering import shown_path
from ergate.services.plan import END, Exit, State
from ergate.services.service import Service
from ergate.services.using import output_faults, state_faults
from ergate.services.value_type import ANY, OBJECT


class Walk:
    """One walk through states that stand in an order in which every way leads forward."""

    def __init__(
        self, start: Flow, outputs: Mapping[int, Field], services: Mapping[str, Service]
    ) -> None:
        self._start = start
        self._outputs = outputs
        self._services = services
        self._arriving: dict[str, list[tuple[str | None, Flow]]] = defaultdict(list)
        """At each state: from where, and what is known on that way."""

    def faults(self, states: Sequence[State]) -> Iterator[Fault]:
        """Yield everything that may be missing or of the wrong type on some way."""
        if states:
            self._arriving[states[0].name].append((None, self._start))
        for state in states:
            flow = joined([flow for _, flow in self._arriving[state.name]])
            scope = Scope(flow, partial(self._why, state.name, flow))
            yield from state_faults(state, scope, self._services)
            if isinstance(state.operation, Succeed):
                yield from output_faults(state, scope, self._outputs)
            for exit_ in state.exits:
                yield from self._leave(state, exit_, self._after(state, exit_, flow))

    def _leave(self, state: State, exit_: Exit, flow: Flow) -> Iterator[Fault]:
        if exit_.target is END:
            scope = Scope(flow, partial(self._why, state.name, flow))
            yield from output_faults(state, scope, self._outputs)
        else:
            self._arriving[exit_.target].append((state.name, flow))

    def _why(self, at: str, flow: Flow, name: str) -> str:
        """Return the rest of a sentence about a name that is not certain at a state."""
        if name not in flow.kinds:
            return f"{shown(name)} is nowhere in the data.{known_names(flow, name)}"
        path = [at]
        while (before := self._way_without(path[0], name)) is not None:
            path.insert(0, before)
        reason = f"{shown(name)} is not certain to be there"
        if name in self._start.kinds:
            return (
                f"{reason}: it is an input that may be missing. Give it a default, or ask with "
                "is_present in a choice before."
            )
        return f"{reason}: nothing brings it on the way {shown_path(path)}."

    def _way_without(self, state: str, name: str) -> str | None:
        # Nothing is ever taken out of the data: what is missing after a state was missing before.
        ways = self._arriving[state]
        return next((before for before, flow in ways if name not in flow.certain), None)

    # --- what a state does to the data ----------------------------------------------------------

    def _after(self, state: State, exit_: Exit, flow: Flow) -> Flow:
        operation = state.operation
        match operation:
            case Call() if exit_.kind == "catch":
                return flow.put({operation.catch[exit_.rule].output: frozenset({OBJECT})})
            case Call():
                return self._answered(operation, flow)
            case Choice():
                return flow.assuming(_shown_at(operation, exit_))
            case Pass():
                scope = Scope(flow, str)
                return flow.put(
                    {name: scope.kinds_of(written) for name, written in operation.output.items()}
                )
            case Wait() | Succeed() | Fail():
                return flow
            case _:
                assert_never(operation)

    def _answered(self, call: Call, flow: Flow) -> Flow:
        service = self._services.get(call.service)
        if service is None:  # that is a fault of its own, and not all that would follow from it
            kept = call.output or {}
            flow = flow.put(dict.fromkeys(kept, frozenset({ANY})))
            return flow.opened() if call.output is None else flow
        if call.output is not None:
            reply = Scope(Flow.of(service.outputs), str)
            return flow.put(
                {name: reply.kinds_of(written) for name, written in call.output.items()}
            )
        for field in service.outputs:
            flow = flow.given(field)
        return flow


def _shown_at(choice: Choice, exit_: Exit) -> set[str]:
    """Return the names that are there for certain when this way is taken out of a choice."""
    is_rule = exit_.kind == "choice"
    passed = choice.choices[: exit_.rule] if is_rule else choice.choices
    names = {name for rule in passed for name in shown_by(rule.when, holds=False)}
    return names | shown_by(choice.choices[exit_.rule].when, holds=True) if is_rule else names
