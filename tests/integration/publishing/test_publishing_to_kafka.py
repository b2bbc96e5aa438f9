"""Events of Postgres in a Kafka topic, through kills of supervisors and of the broker."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.journal import Entry, JournalKind
from ergate.plugins.resolve import open_journal
from ergate.testing.scene import Addresses
from ergate.testing.servers.kafka import KafkaServer
from tests.integration.publishing.suite import PublishingSuite, survive_outages


class TestToKafka(PublishingSuite):
    jobs: ClassVar[int] = 250
    kills: ClassVar[int] = 4

    @pytest.fixture
    def addresses(self, postgres_url: str) -> Addresses:
        return Addresses(state_store=postgres_url)

    @pytest.fixture
    def journal_url(self, kafka_url: str) -> str:
        return kafka_url


@pytest.mark.timeout(300)
def test_a_broker_that_is_down_at_the_start_and_killed_twice_loses_no_event(
    tmp_path: Path, kafka_server: KafkaServer
) -> None:
    survive_outages(f"{kafka_server.url}?prefix=shop", kafka_server, tmp_path)


def test_the_reader_in_the_documentation_gets_each_event_once_and_in_order(
    kafka_url: str, project_root: Path
) -> None:
    page = (project_root / "docs/how-to/publish-events.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    address = Address.parse(kafka_url)
    told = [json.dumps({"job_id": f"job-{n % 3}", "revision": 1 + n // 3}) for n in range(30)]
    with closing(open_journal(address, SystemClock(), JournalKind.EVENTS)) as journal:
        for page_of in (told[:20], told[10:], told[20:]):  # a crash repeats what it did not note
            keys = [json.loads(body)["job_id"] for body in page_of]
            journal.append(
                [Entry(*one) for one in zip(keys, map(str.encode, page_of), strict=True)]
            )
    reading = names["read_events"](address.authority, f"{address.options['prefix']}.events")
    seen = [next(reading) for _ in told]
    reading.close()
    for job_id in ("job-0", "job-1", "job-2"):
        revisions = [event["revision"] for event in seen if event["job_id"] == job_id]
        assert revisions == list(range(1, 11))
