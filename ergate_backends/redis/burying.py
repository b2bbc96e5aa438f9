"""Dead letters: what nobody could understand, in the order of their coming."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.state_store import DeadLetter
from ergate_backends.redis.server import Argument, Server


def bury(server: Server, letters: Sequence[DeadLetter]) -> None:
    """Keep letters whose id is new."""
    arguments: list[Argument] = []
    for letter in letters:
        at = repr(float(letter.at)) if letter.at else ""
        arguments += (letter.id, letter.queue, letter.body, letter.reason, at)
    server.run("bury", *arguments, repeatable=True)


def newest(server: Server, limit: int) -> list[DeadLetter]:
    """Return letters, the newest first."""
    if limit <= 0:
        return []
    ids = server.command("ZREVRANGE", server.key("letters"), 0, limit - 1)
    found = []
    for letter_id in map(bytes.decode, ids):
        names = ("queue", "body", "reason", "at")
        values = server.command("HMGET", server.key("letter", letter_id), *names)
        if values[0] is not None:  # nobody has taken it meanwhile
            found.append(_letter(letter_id, values))
    return found


def exhume(server: Server, letter_id: str) -> DeadLetter | None:
    """Remove a letter and return it."""
    values = server.run("exhume", letter_id)
    return _letter(letter_id, values) if values else None


def _letter(letter_id: str, values: Sequence[bytes]) -> DeadLetter:
    queue, body, reason, at = values
    return DeadLetter(
        id=letter_id, queue=queue.decode(), body=body, reason=reason.decode(), at=float(at)
    )
