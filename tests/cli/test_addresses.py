"""Which addresses a command looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergate.cli.addresses import addresses
from ergate.cli.place import find_place

KAFKA, RABBITMQ = "kafka://h", "amqp://h"


@pytest.mark.parametrize(
    ("queue", "state", "expected"),
    [
        (None, None, [("state store", "sqlite")]),
        ("redis://h", None, [("state store", "redis://h")]),
        (KAFKA, None, [("state store", "sqlite"), ("queue", KAFKA)]),
        (None, KAFKA, [("state store", KAFKA)]),
        (RABBITMQ, KAFKA, [("state store", KAFKA), ("queue", RABBITMQ)]),
    ],
)
def test_what_keeps_the_state_is_told_from_where_jobs_wait(
    work_dir: Path, queue: str | None, state: str | None, expected: list[tuple[str, str]]
) -> None:
    found = addresses(find_place(queue=queue, state=state))
    assert [(role, address.url) for role, address in found] == expected
