"""What a Redis server survives, as far as it tells."""

from __future__ import annotations

from typing import Any

from ergate.contracts.capabilities import Level
from ergate.errors import BackendError, BackendUnavailable
from ergate_backends.redis.server import Server


def level(server: Server) -> Level:
    """Return what the server's settings promise; the lower level when it does not tell."""
    if info(server, "persistence").get("aof_enabled") != "1":
        return Level.L0
    return Level.L2 if setting(server, "appendfsync") == "always" else Level.L1


def info(server: Server, section: str) -> dict[str, str]:
    """Return one section of INFO; nothing when the user may not ask."""
    try:
        answer: Any = server.command("INFO", section)
    except BackendUnavailable:
        raise
    except BackendError:
        return {}
    if isinstance(answer, bytes):
        lines = (line.partition(":") for line in answer.decode().splitlines())
        return {name: value for name, colon, value in lines if colon}
    return {str(name): str(value) for name, value in dict(answer).items()}


def setting(server: Server, name: str) -> str | None:
    """Return one directive of the configuration; None when the user may not ask."""
    try:
        answer: Any = server.command("CONFIG", "GET", name)
    except BackendUnavailable:
        raise
    except BackendError:
        return None
    found = (
        answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
    )
    texts = {_text(key): _text(value) for key, value in found.items()}
    return texts.get(name)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
