"""What each state takes out of the data, and whether that is there and fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ergate.errors import did_you_mean
from ergate.services.asking import condition_faults
from ergate.services.faults import Fault, below, joined, shown
from ergate.services.fields import Field
from ergate.services.fitting import Scope, known_names
from ergate.services.flow import Flow
from ergate.services.operations import Call, Choice, Fail, Operation, Pass, Succeed, Wait
from ergate.services.plan import State
from ergate.services.service import Service
from ergate.services.value_type import ANY, FLOAT, STRING, ValueType


def state_faults(state: State, scope: Scope, services: Mapping[str, Service]) -> Iterator[Fault]:
    """Yield what a state needs and may not find, or not of the type that it needs."""
    operation = state.operation
    if isinstance(operation, Call) and operation.service in services:
        yield from _sent_faults(state, operation, services[operation.service], scope)
        yield from _kept_faults(state, operation, services[operation.service])
    elif isinstance(operation, Choice):
        for number, rule in enumerate(operation.choices):
            place = f"{state.place}.choices[{number}].when"
            yield from condition_faults(rule.when, scope, place)
    else:
        for key, written, wanted in _taken(operation):
            yield from scope.fit(written, wanted, f"{state.place}.{key}")


def _taken(operation: Operation) -> Iterator[tuple[str, object, ValueType]]:
    """Yield what a state writes that is taken from the data as it is, and of which type."""
    match operation:
        case Call(input=mapping) | Pass(output=mapping):
            for key, written in (mapping or {}).items():
                yield (
                    joined("input" if isinstance(operation, Call) else "output", key),
                    written,
                    ANY,
                )
        case Wait(seconds=str(seconds)):
            yield "seconds", seconds, FLOAT
        case Wait(until=str(until)):
            yield "until", until, STRING
        case Fail(cause=cause):
            yield "cause", cause, ANY
        case _:
            return


def _sent_faults(state: State, call: Call, service: Service, scope: Scope) -> Iterator[Fault]:
    what = f"input of service {shown(service.name)}"
    if call.input is None:
        yield from _picked_faults(service.inputs, scope, state.place, what)
    else:
        yield from _mapped_faults(call.input, service.inputs, scope, f"{state.place}.input", what)


def _kept_faults(state: State, call: Call, service: Service) -> Iterator[Fault]:
    """In the output of a call `$` is the answer, and its names are free."""
    flow = Flow.of(service.outputs)
    answer = Scope(flow, lambda name: _not_answered(flow, service, name))
    for key, written in (call.output or {}).items():
        yield from answer.fit(written, ANY, f"{state.place}.output.{key}")


def _not_answered(flow: Flow, service: Service, name: str) -> str:
    if name in flow.kinds:
        return f"service {shown(service.name)} may answer without {shown(name)}."
    there = known_names(flow, name)
    return f"service {shown(service.name)} does not answer {shown(name)}.{there}"


def output_faults(state: State, scope: Scope, outputs: Mapping[int, Field]) -> Iterator[Fault]:
    """Yield what the workflow promises and does not have where it ends well."""
    what = "output of the workflow"
    if isinstance(state.operation, Succeed) and state.operation.output is not None:
        place = f"{state.place}.output"
        yield from _mapped_faults(
            state.operation.output, tuple(outputs.values()), scope, place, what
        )
        return
    for index, field in outputs.items():
        yield from _picked_faults(
            [field], scope, f"outputs[{index}]", f"output, at the end in {shown(state.name)},"
        )


def _picked_faults(fields: Sequence[Field], scope: Scope, place: str, what: str) -> Iterator[Fault]:
    """Yield why fields cannot all be taken from the data by their names."""
    for field in fields:
        if field.is_needed and not scope.flow.has(field.name):
            why = scope.why_missing(field.name)
            yield Fault(place, f"needs {shown(field.name)} ({field.type}) as {what} and {why}")
            continue
        wrong = [
            kind
            for kind in scope.flow.kinds.get(field.name, ())
            if not field.value_type.accepts(kind)
        ]
        if wrong:
            found = " or ".join(sorted(map(str, wrong)))
            yield Fault(
                place,
                f"needs {shown(field.name)} as {field.type} for the {what} but in the data it "
                f"is {found}.",
            )


def _mapped_faults(
    mapping: Mapping[str, object],
    fields: Sequence[Field],
    scope: Scope,
    place: str,
    what: str,
) -> Iterator[Fault]:
    """Yield why the values of a mapping are not just those of `fields`."""
    by_name = {field.name: field for field in fields}
    for key, written in mapping.items():
        if key in by_name:
            yield from scope.fit(written, by_name[key].value_type, below(place, key))
        else:
            known = ", ".join(by_name) or "none"
            yield Fault(
                below(place, key),
                f"is no {what}.{did_you_mean(key, by_name)} There is {known}.",
            )
    for field in fields:
        if field.is_needed and field.name not in mapping:
            written_as = shown(f"$.{field.name}").strip('"')
            yield Fault(
                place,
                f"leaves out {shown(field.name)}, a required {what}. A mapping names everything: "
                f'add "{field.name}": "{written_as}" if that is where it is.',
            )
