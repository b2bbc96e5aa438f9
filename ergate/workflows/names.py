"""Which names workflows, steps and queues can have."""

from __future__ import annotations

from ergate.errors import InvalidDefinitionError

LONGEST_NAME = 255
_LONGEST_SHOWN = 80


def check_name(name: object, what: str) -> str:
    """Return `name` when it can name `what`, such as "workflow".

    Raises `InvalidDefinitionError` when it is no text, empty, longer than 255 characters, or
    has characters that cannot be printed.
    """
    if not isinstance(name, str):
        problem = f"it is of type {type(name).__name__}, not text"
    elif not name.strip():
        problem = "it is empty"
    elif len(name) > LONGEST_NAME:
        problem = f"it has {len(name)} characters, and {LONGEST_NAME} are allowed"
    elif not name.isprintable():
        problem = "it has control or other characters that cannot be printed"
    else:
        return name
    shown = repr(name)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 3]}..."
    raise InvalidDefinitionError(f"A {what} cannot be named {shown}: {problem}.")
