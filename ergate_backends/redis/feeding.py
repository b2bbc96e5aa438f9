"""Feeds: one stream each, which the scripts that write history fill."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.feed import FeedInfo, FeedRow
from ergate_backends.redis.rows import history_row
from ergate_backends.redis.server import Server

Fields = dict[bytes, bytes] | Sequence[bytes]


def feed(
    server: Server, name: str, holder: str, limit: int, lease_s: float
) -> list[FeedRow] | None:
    """Hold a feed and return its first rows; None when somebody else holds it."""
    lease = f"{lease_s * 1e6:.0f}"
    entries = server.run("feed", name, holder, max(limit, 0), lease, repeatable=True)
    return None if entries is None else [_row(entry_id, fields) for entry_id, fields in entries]


def advance(server: Server, name: str, rows: Sequence[FeedRow]) -> None:
    """Delete what was passed; an entry's id is never given twice."""
    ids = [str(one.handle) for one in rows]
    if ids:
        server.run("advance", name, *ids, repeatable=True)


def feeds(server: Server) -> list[FeedInfo]:
    """Return how far each feed is behind."""
    now, found = server.run("feeds", repeatable=True)
    return sorted((_info(float(now), *told) for told in found), key=lambda info: info.name)


def drop(server: Server, name: str) -> bool:
    """Delete a feed with its stream."""
    return bool(server.run("drop_feed", name))


def _row(entry_id: bytes, fields: Sequence[bytes]) -> FeedRow:
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    return FeedRow(
        workflow_name=values[b"workflow"].decode(),
        row=history_row(values[b"job"].decode(), values[b"row"]),
        handle=entry_id.decode(),
    )


def _info(
    now: float, name: bytes, holder: bytes, ends: bytes, length: int, first: bytes
) -> FeedInfo:
    held_until = int(ends) / 1e6
    return FeedInfo(
        name=name.decode(),
        holder=holder.decode() if held_until > now else None,
        held_until=held_until,
        waiting=length,
        oldest_at=history_row("", first).at if first else None,
    )
