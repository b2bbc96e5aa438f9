"""What `ergate doctor` looks at in a RabbitMQ server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.errors import BackendError
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.errors import NOT_FOUND, Refused, refused
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.loop import Loop
from ergate_backends.rabbitmq.names import dead_name, queue_name
from ergate_backends.rabbitmq.server import ServerInfo
from ergate_backends.rabbitmq.topology import (
    DELIVERY_LIMIT,
    Arguments,
    dead_arguments,
    queue_arguments,
)

CHECK_LIMIT_S = 30.0
SLOW_S = 0.02
LOOKED_AT = "default"
"""The queue whose arguments are compared; a server does not list queues over AMQP."""
_ROUND_TRIPS = 9


def findings(address: Address) -> Sequence[Finding]:
    """Return what was seen, without changing anything. Raises `BackendUnavailable`."""
    place = Place.of(address)
    loop = Loop()
    try:
        return loop.run(_findings(place), CHECK_LIMIT_S, f"Checking RabbitMQ at {address}")
    finally:
        loop.close()


async def _findings(place: Place) -> Sequence[Finding]:
    link = Link(place, "checks")
    try:
        await link.open()
        found = [version(link.server), time_out(link.server), heartbeat(place)]
        found += [one async for one in _queues(link, place)]
        found.append(await _distance(link))
        return found
    finally:
        await link.close()


def version(server: ServerInfo) -> Finding:
    """Say whether the server is one that is tested."""
    if not server.is_known:
        advice = "Ergate is tested with RabbitMQ 3.10; look whether it has quorum queues."
        return Finding(level="warning", subject="version", detail=str(server), advice=advice)
    return Finding(level="ok", subject="version", detail=str(server))


def time_out(server: ServerInfo) -> Finding:
    """Say what the server's acknowledgement time-out means for steps."""
    costs = "the consumer" if server.ack_timeout_cancels else "the channel"
    return Finding(
        level="ok",
        subject="consumer time-out",
        detail="no matter how long a step takes: a ticket is acknowledged when its claim is "
        "written, before the step runs. Only with a journal or an object of your own as state "
        f"store a message waits for its step; past consumer_timeout that costs {costs}",
    )


def heartbeat(place: Place) -> Finding:
    """Say how soon a dead connection is noticed."""
    if place.heartbeat_s:
        detail = f"{place.heartbeat_s} s asked for; the smaller of this and the server's counts"
        return Finding(level="ok", subject="heartbeat", detail=detail)
    return Finding(
        level="warning",
        subject="heartbeat",
        detail="off: a connection that was cut may look alive for hours",
        advice="Leave heartbeat=0 out of the address.",
    )


async def _queues(link: Link, place: Place) -> AsyncIterator[Finding]:
    """Compare the queues that are there with what they must be."""
    name = queue_name(place.prefix, LOOKED_AT)
    said = f"quorum, delivery limit {DELIVERY_LIMIT}, dead letters to {dead_name(place.prefix)}"
    waiting, finding = await _compare(link, place, name, queue_arguments(place.prefix))
    yield finding or _seen("queue", name, waiting, said)
    dead = dead_name(place.prefix)
    waiting, finding = await _compare(link, place, dead, dead_arguments())
    if waiting:
        yield Finding(
            level="warning",
            subject="dead letters",
            detail=f"{waiting} messages wait in {dead} that no worker has taken up yet",
            advice="Run workers for the queues in which they died: each looks every few seconds.",
        )
    else:
        yield finding or _seen("dead letters", dead, waiting, "quorum")


def _seen(subject: str, name: str, waiting: int | None, said: str) -> Finding:
    if waiting is None:
        return Finding(level="ok", subject=subject, detail=f"{name} will be made at first use")
    return Finding(level="ok", subject=subject, detail=f"{name}: {said}; {waiting} wait")


async def _compare(
    link: Link, place: Place, name: str, arguments: Arguments
) -> tuple[int | None, Finding | None]:
    """Return how many messages wait, None without the queue; and what is wrong with it."""
    channel = await link.channel()
    try:
        answer = await channel.order(channel.raw.queue_declare, name, passive=True)
        # A queue that is there is only compared; a missing one would be made.
        await channel.order(channel.raw.queue_declare, name, durable=True, arguments=arguments)
    except Refused as exc:
        if exc.code == NOT_FOUND:
            return None, None
        problem = str(refused(place, exc, f'to look at the queue "{name}"'))
        return None, Finding(level="problem", subject="queue", detail=problem)
    finally:
        channel.close()
    return int(answer.message_count), None


async def _distance(link: Link) -> Finding:
    times = []
    for _ in range(_ROUND_TRIPS):
        before = time.perf_counter()
        with suppress(BackendError):
            (await link.channel()).close()
        times.append(time.perf_counter() - before)
        await asyncio.sleep(0)
    median_s = statistics.median(times)
    is_slow = median_s > SLOW_S
    return Finding(
        level="warning" if is_slow else "ok",
        subject="round trip",
        detail=f"{median_s * 1000:.2f} ms",
        advice="Run workers near the server." if is_slow else "",
    )
