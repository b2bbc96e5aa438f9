"""Stream queues of RabbitMQ keep every promise of a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ergate.contracts.address import Address
from ergate.contracts.journal import Journal, JournalKind
from ergate.testing import JournalSuite
from ergate_backends.rabbitmq.journal import RabbitMQJournal


class TestRabbitMQJournal(JournalSuite):
    @pytest.fixture
    def open_journal(self, rabbitmq_url: str) -> Iterator[Callable[[JournalKind], Journal]]:
        opened: list[Journal] = []

        def open_(kind: JournalKind) -> Journal:
            opened.append(RabbitMQJournal(Address.parse(rabbitmq_url), kind))
            return opened[-1]

        yield open_
        for journal in opened:
            journal.close()
