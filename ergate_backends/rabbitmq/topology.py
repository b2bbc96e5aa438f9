"""The queues as they must be in the server, and how they come to be there."""

from __future__ import annotations

from collections.abc import Iterable

from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.errors import Refused, refused
from ergate_backends.rabbitmq.link import Link
from ergate_backends.rabbitmq.names import dead_name, queue_name

Arguments = dict[str, str | int]

DELIVERY_LIMIT = 50
"""How often a message may come back before it becomes a dead letter. A receiver that dies sends
back what it held, so that a message which kills its receivers ends there; and a connection that
breaks, or a give-back, counts as well. A living receiver renews a message before it comes so far
(`RENEW_AT`), so that an outage of the state store buries nothing."""
RENEW_AT = DELIVERY_LIMIT // 2
_NEVER = 1_000_000_000
"""The limit of the dead-letter queue: the server's own would drop what is given back."""


def queue_arguments(prefix: str) -> Arguments:
    """Return the arguments of a queue of messages."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        # The default exchange hands a message to the queue that its key names, and is always there.
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_name(prefix),
        # Only together are dead letters handed on at least once, instead of at most once.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_arguments() -> Arguments:
    """Return the arguments of the queue of dead letters."""
    return {"x-queue-type": "quorum", "x-delivery-limit": _NEVER}


async def declare(link: Link, place: Place, queues: Iterable[str]) -> None:
    """Make queues, and the one for dead letters, unless they are there.

    Raises `BackendError` when one is there and is not as it must be, or may not be made.
    """
    await declare_as(link, place, dead_name(place.prefix), dead_arguments())
    for queue in queues:
        name = queue_name(place.prefix, queue)
        await declare_as(link, place, name, queue_arguments(place.prefix))


async def declare_as(link: Link, place: Place, name: str, arguments: Arguments) -> None:
    """Make one durable queue with these arguments, unless it is there with the same ones."""
    channel = await link.channel()
    try:
        await channel.order(channel.raw.queue_declare, name, durable=True, arguments=arguments)
    except Refused as exc:
        raise refused(place, exc, f'to make the queue "{name}"') from exc
    finally:
        channel.close()
