"""Topics of Kafka keep every promise of a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ergate.contracts.address import Address
from ergate.contracts.journal import Journal, JournalKind
from ergate.testing import JournalSuite
from ergate_backends.kafka.journal import KafkaJournal


class TestKafkaJournal(JournalSuite):
    @pytest.fixture
    def open_journal(self, kafka_url: str) -> Iterator[Callable[[JournalKind], Journal]]:
        opened: list[Journal] = []

        def open_(kind: JournalKind) -> Journal:
            opened.append(KafkaJournal(Address.parse(kafka_url), kind))
            return opened[-1]

        yield open_
        for journal in opened:
            journal.close()
