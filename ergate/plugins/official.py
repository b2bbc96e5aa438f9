"""The names of the official backends, so that an error can say what to install.

Only names: how a backend works is known to its plugin alone.
"""

from __future__ import annotations

OFFICIAL: dict[str, str | None] = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "kafka": "kafka",
    "memory": None,
    "postgres": "postgres",
    "postgresql": "postgres",
    "rabbitmq": "rabbitmq",
    "redis": "redis",
    "rediss": "redis",
    "sqlite": None,
    "unix": "redis",
}
"""Each official name or URL scheme, with the extra that brings its client library, if any."""

OFFICIAL_NAMES = ("kafka", "memory", "postgres", "rabbitmq", "redis", "sqlite")


def install_command(extra: str) -> str:
    """Return the command that brings an extra's client library."""
    return f'pip install "ergate[{extra}]"'
