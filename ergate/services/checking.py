"""The check of a definition: everything that can be known before an event comes, told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ergate.services.definition import Definition
from ergate.services.draft import Draft, draft_of
from ergate.services.faults import DefinitionFaults, Fault
from ergate.services.flow import Flow
from ergate.services.ordering import (
    circle_faults,
    forward,
    leads_to_known,
    reachable,
    unreached_faults,
)
from ergate.services.plan import Plan, State, states_as_written, states_in_order
from ergate.services.reading import named, read
from ergate.services.service import Service
from ergate.services.structure import structure_faults
from ergate.services.walk import Walk


def check_definition(document: object, services: Iterable[Service]) -> Plan:
    """Return what runs for a definition, given as JSON object or as `Definition`.

    Raises `DefinitionFaults` with everything that is wrong with it: its form, names of services
    and states that do not exist, circles, and data that may be missing on some way or are of the
    wrong type. Where one fault hides what else could be known, only that one is told.
    """
    if isinstance(document, Definition):
        document = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    draft, faults = draft_of(document)
    states: tuple[State, ...] = ()
    if draft is not None:
        states, more = _checked_states(draft, {service.name: service for service in services})
        faults += more
    if faults or draft is None:
        raise DefinitionFaults(named("Workflow", document), _once(faults))
    definition = Definition.model_validate(document)
    return Plan(definition.name, definition.inputs, definition.outputs, states)


def read_definition(document: object) -> Definition:
    """Return the definition that a JSON object describes, checked by itself only.

    For what was checked when it was registered; raises `DefinitionFaults`.
    """
    return read(Definition, document, "Workflow")


def plan_of(definition: Definition) -> Plan:
    """Return what runs for a definition that was checked before, when it was registered.

    Nothing is asked of its services, which may have been replaced meanwhile.
    """
    operations = dict(enumerate(definition.operations))
    services = dict(enumerate(definition.services))
    states = states_as_written(operations) if operations else states_in_order(services)
    return Plan(definition.name, definition.inputs, definition.outputs, forward(states))


def _checked_states(
    draft: Draft, services: Mapping[str, Service]
) -> tuple[tuple[State, ...], list[Fault]]:
    is_whole = "operations" not in draft.unread
    if draft.is_straight:
        states = states_in_order(draft.services)
    else:
        states = states_as_written(draft.operations, is_whole=is_whole)
    faults = list(structure_faults(draft, states, services))
    if not _has_order(draft, states):
        return (), faults
    faults += (circles := circle_faults(states))
    if circles:
        return (), faults
    ordered = forward(reachable(states))
    start = Flow.of(draft.inputs.values(), is_open=bool({"inputs", "services"} & draft.unread))
    faults += Walk(start, draft.outputs, services).faults(ordered)
    if is_whole and leads_to_known(states):
        faults += [*unreached_faults(states), *_end_faults(ordered)]
    return ordered, faults


def _has_order(draft: Draft, states: Sequence[State]) -> bool:
    """Whether it is known where it starts, and which state each name means."""
    is_start_known = draft.is_straight or 0 in draft.operations
    return is_start_known and len({state.name for state in states}) == len(states)


def _end_faults(states: Sequence[State]) -> list[Fault]:
    if not states or any(state.can_end for state in states):
        return []
    return [Fault("operations", "never end well: every way ends in a state of type fail.")]


def _once(faults: Iterable[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))
