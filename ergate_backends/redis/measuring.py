"""Activity: what ended in each span of time, read from two indexes."""

from __future__ import annotations

from ergate.contracts.activity import SAMPLES, Activity
from ergate_backends.redis.server import Server


def activity(server: Server, since: float, span_s: float, spans: int) -> list[Activity]:
    """Return what ended in each span."""
    arguments = (repr(float(since)), repr(float(span_s)), spans, SAMPLES)
    found = server.run("activity", *arguments, repeatable=True)
    return [
        Activity.of(since + number * span_s, completed, failed, [float(ms) / 1000 for ms in took])
        for number, (completed, failed, took) in enumerate(found)
    ]
