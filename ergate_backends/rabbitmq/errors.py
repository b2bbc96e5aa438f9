"""From what the client library raises to errors that say what to do."""

from __future__ import annotations

import re

from pika import exceptions

from ergate.contracts.redaction import redact
from ergate.errors import BackendError, BackendUnavailable
from ergate_backends.rabbitmq.address import Place

_QUOTED = re.compile(r"""Closed\w*: \((?P<code>\d+)\) (?P<quote>['"])(?P<text>.*)(?P=quote)""")
_INEQUIVALENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for queue '(?P<queue>.+)' in vhost .*?: "
    r"received (?P<wanted>.+?) but current is (?P<found>.+?)(?:,|$)"
)
_VALUE = re.compile(r"(?:the value )?'(?P<value>.*?)'(?: of type .*)?")

NOT_FOUND = 404
_NOT_YET = ("is down or inaccessible", "does not have a running replica")
"""What a server says of a queue that it is still starting."""


class Refused(Exception):
    """The server closed a channel over what was asked on it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def closing(reason: object) -> Refused | None:
    """Return the refusal that a channel's end is; None when it ended with its connection."""
    if isinstance(reason, exceptions.ChannelClosedByBroker):
        return Refused(reason.reply_code, reason.reply_text)
    return None


def refused(place: Place, refusal: Refused, what: str) -> BackendError:
    """Return the error for a refusal; `what` was asked for."""
    if any(sign in refusal.text for sign in _NOT_YET):
        return BackendUnavailable(
            f"RabbitMQ at {place.address} cannot do it now ({what}): {redact(refusal.text)}."
        )
    match = _INEQUIVALENT.search(refusal.text)
    if match is None:
        return BackendError(
            f"RabbitMQ at {place.address} refused {what}: {redact(refusal.text)}. "
            "See `ergate doctor`."
        )
    name = match["queue"]
    return BackendError(
        f'The queue "{name}" in RabbitMQ at {place.address} exists with another '
        f"{match['argument']}: Ergate needs {_value(match['wanted'])}, it has "
        f"{_value(match['found'])}. Nothing can change that of a queue. When nothing waits in it, "
        f"delete it (rabbitmqctl delete_queue {name} --vhost {place.vhost}) and Ergate makes it "
        "anew; else add another ?prefix=… to the address."
    )


def unreachable(place: Place, reason: object) -> BackendUnavailable:
    """Return the error for a connection that does not come about, or is gone."""
    text = described(reason)
    if "Timeout while setting up" in text:
        text = "it does not answer in time"
    if "ACCESS_REFUSED" in text:
        text, advice = f"it refused the log-in ({text})", "Are user and password right?"
    elif isinstance(reason, exceptions.ProbableAccessDeniedError) and "lost" not in text:
        text = f"it does not let this user into the virtual host {place.vhost!r} ({text})"
        advice = "rabbitmqctl add_vhost makes one, and rabbitmqctl set_permissions lets a user in."
    else:
        advice = "Is it running, and is the address right?"
    return BackendUnavailable(f"RabbitMQ at {place.address} cannot be reached: {text}. {advice}")


def silent(place: Place, queue: str, why: str) -> BackendUnavailable:
    """Return the error for a queue that does not answer, while its server may."""
    return BackendUnavailable(
        f"RabbitMQ at {place.address} cannot do it now: {why}. If that goes on, and other queues "
        f"answer, see whether it has a leader: rabbitmq-queues quorum_status {queue} "
        f'--vhost {place.vhost}. "Operate RabbitMQ" in the documentation says how to give it one.'
    )


def described(reason: object) -> str:
    """Return what went wrong, as far as the client library tells it, without secrets."""
    while isinstance(reason, BaseException):
        inner = _inner(reason)
        if inner is None:
            break
        reason = inner
    if isinstance(reason, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return redact(f"{reason.reply_text} ({reason.reply_code})")
    text = str(reason) or repr(reason)
    match = _QUOTED.search(text)
    return redact(match["text"] if match else text).rstrip(".")


def _inner(error: BaseException) -> object:
    """Return the error that the client library has wrapped in this one."""
    several = getattr(error, "exceptions", None)
    if several:
        return several[-1]
    wrapped = getattr(error, "exception", None) or (error.args[0] if error.args else None)
    return wrapped if isinstance(wrapped, BaseException) else None


def _value(text: str) -> str:
    match = _VALUE.fullmatch(text.strip())
    return f'"{match["value"]}"' if match else text.strip()
