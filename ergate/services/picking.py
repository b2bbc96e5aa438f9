"""What a call is sent of the data, what becomes of its answer, and what comes out at the end."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.services.failures import BadData, BadReply, names_of
from ergate.services.faults import shown, told
from ergate.services.fields import Data, Field, check_values
from ergate.services.mappings import evaluate_all
from ergate.services.operations import Call, Succeed
from ergate.services.service import Service


def inputs_of(call: Call, service: Service, data: Data) -> Data:
    """Return what a service is sent: by its mapping, else each input by its name.

    Raises `BadData` when something is missing, or not of the type that the service declares.
    """
    given = data if call.input is None else evaluate_all(call.input, data)
    values, faults = check_values(service.inputs, given, unknown="drop")
    if faults:
        raise BadData(told(f"Service {shown(service.name)} cannot be called", faults))
    return values


def data_after(call: Call, service: Service, data: Data, reply: object) -> Data:
    """Return the data with what is kept of a reply: by the mapping, else each output by its name.

    Raises `BadReply` when the reply is not what the service declares, or lacks what is kept.
    """
    values, faults = check_values(service.outputs, reply, unknown="drop")
    who = f"Service {shown(service.name)}"
    if faults:
        raise BadReply(told(f"{who} answered what it does not declare", faults))
    if call.output is None:
        return {**data, **values}
    try:
        return {**data, **evaluate_all(call.output, values)}
    except BadData as exc:
        raise BadReply(f"{who} answered without what is kept of it: {exc}") from exc


def data_after_error(output: str, data: Data, state: str, service: str, error: Exception) -> Data:
    """Return the data with an error that was caught, under the name `output`."""
    name = names_of(error)[0]
    told_as = {"name": name, "message": str(error) or name, "state": state, "service": service}
    return {**data, output: told_as}


def outputs_of(fields: Sequence[Field], data: Data, end: Succeed | None = None) -> Data:
    """Return the outputs of a workflow that ends well, by the mapping of `end` or by their names.

    Raises `BadData` when one is missing or of another type.
    """
    given = data if end is None or end.output is None else evaluate_all(end.output, data)
    values, faults = check_values(fields, given, unknown="drop")
    if faults:
        raise BadData(told("The outputs are not what the workflow declares", faults))
    return values
