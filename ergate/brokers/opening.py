"""From a queue and a state store, as people name them, to the broker that ties them together."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.brokers.broker import Broker, Labels
from ergate.brokers.direct import DirectBroker, QueueProtocol, StateStoreProtocol
from ergate.brokers.journal import journaled
from ergate.brokers.journal_store import JournalStore
from ergate.brokers.native import NativeBroker
from ergate.brokers.own_queue import OwnQueue
from ergate.brokers.relayed import REPUBLISH_AFTER_S, RelayedBroker
from ergate.brokers.whole import Wanted
from ergate.clock import Clock, SystemClock
from ergate.contracts.address import Address
from ergate.contracts.journal import JournalKind
from ergate.contracts.queue import Queue
from ergate.contracts.state_store import StateStore
from ergate.errors import UsageError
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.plugins.resolve import open_journal, open_queue, open_state_store, resolve_backend
from ergate.workflows.registry import Registry

DEFAULT = "sqlite"
HERE_ONLY = " (serves this machine only)"
"""Said of the default beside a queue that many machines may share."""


def open_broker(
    queue: object,
    state_store: object,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    registry: Registry | None = None,
    job_type: type[Job] = Job,
    queues: Sequence[str] = ("default",),
    republish_s: float = REPUBLISH_AFTER_S,
    migrate: bool = True,
) -> Broker | DirectBroker:
    """Open what `queue` and `state_store` name: an address, an object, or None for the other one.

    Neither given means SQLite. One given, or both the same, means a native broker; a queue whose
    backend keeps no state gets SQLite beside it, which serves the processes of one machine.
    `registry` tells which workflows a message from elsewhere may name; None allows any.
    `job_type` and `queues` count where whole jobs travel: before a journal.
    `republish_s` is how long an external queue that is empty may not have announced a job.
    With `migrate` a fresh store gets its schema.
    Raises `UsageError` for what cannot work together, and what opening a backend raises.
    """
    clock = clock or SystemClock()
    limits = limits or Limits()
    queue, state_store = _parsed(queue), _parsed(state_store)
    is_beside = state_store is None and queue is not None and not _keeps_state(queue)
    queue, state_store = _complete(queue, state_store)
    if isinstance(state_store, Address) and _is_journal(state_store):
        wanted = Wanted(queues=queues, job_type=job_type, limits=limits, registry=registry)
        return _journaled(queue, state_store, clock, wanted)
    if not isinstance(state_store, Address | StateStore):
        return _direct(queue, state_store)
    store = (
        open_state_store(state_store, clock) if isinstance(state_store, Address) else state_store
    )
    if migrate:
        store.migrate()
    labels = Labels(_label(queue), _label(state_store) + (HERE_ONLY if is_beside else ""))
    if queue is store or queue == state_store:
        return NativeBroker(store, labels)
    opened = _queue(queue, store, clock)
    return RelayedBroker(opened, store, labels, limits, registry, republish_after_s=republish_s)


def _complete(queue: object, state_store: object) -> tuple[object, object]:
    if state_store is None and isinstance(queue, QueueProtocol) and not _is_named(queue):
        raise UsageError(
            "A queue of your own needs a state store: Ergate(queue=…, state_store=…), with an "
            'object that has `update`, or the name of a full one such as "sqlite".'
        )
    if queue is None:
        queue = Address.parse(DEFAULT) if state_store is None else state_store
    if state_store is None:
        state_store = queue if _keeps_state(queue) else Address.parse(DEFAULT)
    return queue, state_store


def _keeps_state(queue: object) -> bool:
    return (
        not isinstance(queue, Address) or resolve_backend(queue, "queue")[0].open_store is not None
    )


def _is_journal(state_store: Address) -> bool:
    return resolve_backend(state_store, "state store")[0].open_store is None


def _journaled(queue: object, address: Address, clock: Clock, wanted: Wanted) -> DirectBroker:
    labels = Labels(_label(queue), _label(address))
    opened = open_queue(queue, clock) if isinstance(queue, Address) else queue
    return journaled(
        opened,
        lambda: JournalStore(open_journal(address, clock, JournalKind.JOBS), clock),
        labels,
        wanted,
    )


def _is_named(half: object) -> bool:
    return isinstance(half, Address | Queue | StateStore | str)


def _queue(queue: object, store: StateStore, clock: Clock) -> Queue:
    if isinstance(queue, Address):
        return open_queue(queue, clock)
    if isinstance(queue, Queue):
        return queue
    if isinstance(queue, QueueProtocol):
        return OwnQueue(queue, store)
    raise UsageError(
        f"{type(queue).__name__} cannot be a queue: it needs the methods get_one and put, or must "
        "be a backend's name or URL."
    )


def _direct(queue: object, state_store: object) -> DirectBroker:
    if not isinstance(state_store, StateStoreProtocol):
        raise UsageError(
            f"{type(state_store).__name__} cannot be a state store: it needs the method update, "
            "or must be a backend's name or URL."
        )
    if _is_named(queue) or not isinstance(queue, QueueProtocol):
        raise UsageError(
            "A state store that only has `update` needs a queue object with get_one and put beside "
            f"it, not {_label(queue)}. Give both halves as objects, or name a full state store."
        )
    return DirectBroker(queue, state_store, Labels(_label(queue), _label(state_store)))


def _parsed(half: object) -> object:
    return Address.parse(half) if isinstance(half, str) else half


def _label(half: object) -> str:
    return str(half) if isinstance(half, Address) else type(half).__name__
