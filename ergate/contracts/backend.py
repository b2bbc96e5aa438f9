"""What a plugin registers: a name, its URL schemes, and how to open it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ergate.contracts.address import Address

if TYPE_CHECKING:
    from ergate.clock import Clock
    from ergate.contracts.journal import Journal, JournalKind
    from ergate.contracts.queue import Queue
    from ergate.contracts.state_store import StateStore

FindingLevel = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check saw, for `ergate doctor` and `ergate backends check`.

    A `problem` means that the promise does not hold; a `warning` that it may be weaker than
    expected. `detail` says what was seen, `advice` what to do about it.
    """

    level: FindingLevel
    subject: str
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A technology that can hold jobs: as state store, as queue, or as both.

    Its name is also a URL scheme, so `schemes` lists only the others, as "rediss" for "redis".
    The functions must import the client library themselves: merely registering must be quick
    and must work without it. They raise `BackendUnavailable` when the server does not answer.
    """

    name: str
    summary: str
    schemes: tuple[str, ...] = ()
    open_store: Callable[[Address, Clock], StateStore] | None = None
    """Opens the state store at an address; None when this backend keeps no state."""
    open_queue: Callable[[Address, Clock], Queue] | None = None
    """Opens an external queue; None when jobs wait only in the state store's ready list."""
    open_journal: Callable[[Address, Clock, JournalKind], Journal] | None = None
    """Opens a journal, which jobs or events are written to and read from; None without one."""
    single_process: bool = False
    """Whether the jobs live in the memory of one process, so that no other can see them."""
    extra: str | None = None
    """The extra that brings its client library, as in `pip install "ergate[EXTRA]"`."""
    level: str = ""
    """What accepted jobs survive by default, L0 to L3, as `ergate backends list` shows it."""
    check: Callable[[Address], Sequence[Finding]] | None = None
    """Looks at a server's version and settings; None when there is nothing to look at."""
    schema_sql: Callable[[Address], str] | None = None
    """Returns what `migrate` would run, as SQL for a person to run; None where it is no SQL."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and URL scheme that leads to this backend, its own name first."""
        return tuple(dict.fromkeys(text.lower() for text in (self.name, *self.schemes)))
