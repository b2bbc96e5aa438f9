"""How our queues are named in RabbitMQ."""

from __future__ import annotations

import hashlib

RESERVED = frozenset({"dead", "jobs", "events"})
"""Names after the prefix that are no queue of jobs: dead letters, and journals."""
LONGEST = 255
"""Bytes that AMQP allows for a name."""
_MARK = "~"


def queue_name(prefix: str, queue: str) -> str:
    """Return the name of a queue in the server; no two queues have the same."""
    if queue.rstrip(_MARK) in RESERVED:
        queue += _MARK
    name = f"{prefix}.{queue}"
    # The server takes line ends out of a name that it declares, and no other name would be meant.
    if len(name.encode()) <= LONGEST and name.isprintable():
        return name
    digest = hashlib.sha256(queue.encode()).hexdigest()
    start = name.encode()[: LONGEST - len(digest) - len(_MARK)].decode(errors="ignore")
    return "".join(filter(str.isprintable, start)) + _MARK + digest


def dead_name(prefix: str) -> str:
    """Return the name of the queue of dead letters."""
    return f"{prefix}.dead"


def queue_of(prefix: str, name: str) -> str:
    """Return the queue that has this name in the server; the name itself where it is not ours."""
    if not name.startswith(f"{prefix}."):
        return name
    queue = name.removeprefix(f"{prefix}.")
    return queue[: -len(_MARK)] if queue.rstrip(_MARK) in RESERVED else queue
