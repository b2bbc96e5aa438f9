"""Every error that Ergate raises, and the exit code that the command line gives it.

    ErgateError                         1  it failed
    ├── UsageError                      2  a name, flag, value or definition is wrong
    │   ├── InvalidDefinitionError         a workflow, step or dependency cannot work as written
    │   ├── LoadError                      "module:attribute" does not lead to an app
    │   ├── SettingsError                  a setting has a value that it cannot have
    │   ├── UnknownBackendError            no backend has this name or URL scheme
    │   ├── ValidationError                a value does not fit the type that a step declares
    │   ├── ReverseGoToError               a step wants to go back
    │   ├── Unsupported                    a backend was asked for what it does not declare
    │   └── PayloadError                   a value that cannot be stored
    ├── NotFoundError                   3  nothing has this name or id
    │   ├── UnknownWorkflowError
    │   ├── UnknownStepError
    │   └── JobNotFoundError
    ├── BackendError                    4  a queue or state store cannot be used
    │   ├── BackendUnavailable             down, full, read-only or unreachable: try again
    │   ├── SchemaError                    its schema is missing, damaged or newer than this version
    │   └── CorruptRecord                  a stored row that cannot be read
    ├── StepTimeout                        a step ran longer than its `timeout_s`
    └── LeaseLost                          a settlement came too late; another worker has the job

Messages are letters to a person: what happened, why, and what to do next.
Steering (`GoToStep`, `GoToEnd`, `AbortJob`) is no error and lives in `ergate.workflows.control`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar


class ErgateError(Exception):
    """The base of every error that Ergate raises itself."""

    exit_code: ClassVar[int] = 1


class UsageError(ErgateError):
    """A name, flag, value or definition is wrong; nothing was started."""

    exit_code = 2


class InvalidDefinitionError(UsageError):
    """A workflow, step, path or dependency cannot work as it is written."""


class LoadError(UsageError):
    """A target such as `package.module:attribute` does not lead to what was asked for."""


class SettingsError(UsageError):
    """A setting has a value that it cannot have; the message names its source."""


class UnknownBackendError(UsageError):
    """No backend is registered under this name or URL scheme."""


class ValidationError(UsageError):
    """A value does not fit the type that a step, a dependency or the context declares."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)
        """What does not fit, and where, one by one; empty when only the message tells."""


class ReverseGoToError(UsageError):
    """`GoToStep` named a step that is not ahead of the running one."""


class Unsupported(UsageError):
    """A backend was asked for a capability that it does not declare."""


class PayloadError(UsageError):
    """A value cannot be stored: too large, too deep, not JSON, NaN or a lone surrogate."""


class NotFoundError(ErgateError):
    """Nothing has this name or id."""

    exit_code = 3


class UnknownWorkflowError(NotFoundError):
    """No workflow with this name is registered."""


class UnknownStepError(NotFoundError):
    """The workflow has no step with this name or position."""


class JobNotFoundError(NotFoundError):
    """The state store has no job with this id."""


class BackendError(ErgateError):
    """A queue or state store cannot be used."""

    exit_code = 4


class BackendUnavailable(BackendError):
    """The backend is down, full, read-only or unreachable; the same call may work later."""


class SchemaError(BackendError):
    """The stored schema is missing, damaged, or newer than this version of Ergate."""


class CorruptRecord(BackendError):
    """A stored row cannot be read; the message names the job and the column."""


class StepTimeout(ErgateError):
    """A step ran longer than its `timeout_s`."""


class LeaseLost(ErgateError):
    """A settlement was refused: the worker's lease had ended and the job moved on without it."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?` for the nearest known name, or an empty string."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""
