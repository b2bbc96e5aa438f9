"""The same for Huey: tasks that do nothing, alone or as a pipeline of three."""

from __future__ import annotations

import os

from huey import Huey, RedisHuey, SqliteHuey


def _huey() -> Huey:
    if url := os.environ.get("BENCH_HUEY_REDIS"):
        return RedisHuey(url=url)
    return SqliteHuey(
        filename=os.environ.get("BENCH_HUEY_FILE", "huey.db"),
        fsync=os.environ.get("BENCH_HUEY_FSYNC") == "1",
    )


huey = _huey()


@huey.task()  # type: ignore[untyped-decorator]  # Huey is published without types
def only(value: int) -> int:
    """Return the input."""
    return value


@huey.task()  # type: ignore[untyped-decorator]  # Huey is published without types
def first(value: int) -> int:
    """Return the input."""
    return value


@huey.task()  # type: ignore[untyped-decorator]  # Huey is published without types
def second(value: int) -> int:
    """Return the input."""
    return value


@huey.task()  # type: ignore[untyped-decorator]  # Huey is published without types
def third(value: int) -> int:
    """Return the input."""
    return value
