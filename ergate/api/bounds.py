"""How much one request may ask for."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PAGE = 500
"""The most jobs or letters of one answer."""
MAX_OFFSET = 1_000_000
MAX_BULK_IDS = 1_000
MAX_BULK_MATCHES = 10_000
"""The most jobs that one order for everything that matches may change."""
MAX_NAME = 200
"""The longest name of a workflow, step or queue, in characters."""
MAX_SCANNED = 5_000
"""How many jobs one search for a text looks at."""
SEARCH_S = 0.08
"""After so long a search answers with what it has found, and where to go on."""
MAX_DELAY_S = 10 * 366 * 86400.0
MAX_PRIORITY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the process spends on its callers."""

    body_bytes: int = 4 * 1024 * 1024
    """The largest body of a request."""
    body_depth: int = 100
    """How deep the JSON of a body may be nested: above what any value of a job may have."""
    body_s: float = 30.0
    """How long a body may take to arrive."""
    threads: int = 8
    """How many calls of the store run at once."""
    waiting: int = 200
    """How many calls may wait for a thread; further ones are turned away."""
    answer_s: float = 5.0
    """How long a call of the store may take, the wait for a thread included."""
    bulk_s: float = 120.0
    """The same for an order about many jobs."""
    streams: int = 20
    """How many event streams may be open at once."""
    snapshot_s: float = 1.0
    """How often an event stream looks for changes, and how old the figures of charts may be."""
    events: int = 1_000
    """How many events may wait to be stored; further ones are turned away."""
    event_bytes: int = 64 * 1024 * 1024
    """How many bytes those may have together."""
    event_wait_s: float = 5.0
    """How long whoever sends an event waits for its end, unless they say otherwise."""
    event_wait_most_s: float = 30.0
    """How long they may wait at most."""
