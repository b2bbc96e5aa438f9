"""The marks that tell where a parameter of a step or of a dependency gets its value.

They go into `typing.Annotated`: `db: Annotated[Database, Depends(open_database)]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Depends:
    """The parameter gets what `f` makes for this run of the step.

    `f` may be a plain or an async function, a generator of either kind that yields once,
    a `@contextmanager` or `@asynccontextmanager` function, or a context manager class.
    Each `f` is called once per run of the step, however many parameters ask for it.
    What a generator or a context manager opened is closed after the step, last first.
    """

    f: Callable[..., object]


@dataclass(frozen=True, slots=True)
class Context:
    """The parameter gets the job's `user_context`, validated into the annotated type."""


@dataclass(frozen=True, slots=True)
class CurrentJob:
    """The parameter gets the job that is running."""


@dataclass(frozen=True, slots=True)
class Input:
    """The parameter gets the step's input: the last return value, or the job's first input."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The parameter gets the connection on which the step's outcome will be written.

    What the step writes on it and the job's new state are committed together, or not at all: for
    such a step the effect, too, happens exactly once. The step must not commit itself. It needs a
    state store with the capability TRANSACTIONAL_STEPS; with another one the step fails.
    """


Marker = Depends | Context | CurrentJob | Input | Transaction
MARKERS = (Depends, Context, CurrentJob, Input, Transaction)
