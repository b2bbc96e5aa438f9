"""Stream queues of RabbitMQ keep every promise of a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from pika import BlockingConnection, URLParameters

from ergate.contracts.address import Address
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.errors import BackendError, BackendUnavailable
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


def journal_at(url: str, options: str = "") -> RabbitMQJournal:
    return RabbitMQJournal(Address.parse(f"{url}{options}"), JournalKind.JOBS)


def test_a_stream_that_exists_with_another_retention_is_taken_as_it_is(rabbitmq_url: str) -> None:
    entry = Entry("a", b"1")
    with (
        closing(journal_at(rabbitmq_url, "&max-age=30D&max-length-bytes=1000000")) as first,
        closing(journal_at(rabbitmq_url)) as second,
    ):
        first.append([entry])
        second.append([entry])
        assert list(first.read()) == list(second.read()) == [entry, entry]


def test_a_queue_that_is_no_stream_is_refused_with_its_difference(rabbitmq_url: str) -> None:
    address = Address.parse(rabbitmq_url)
    with BlockingConnection(URLParameters(rabbitmq_url.partition("?")[0])) as connection:
        name = f"{address.options['prefix']}.jobs"
        connection.channel().queue_declare(name, durable=True)
    with (
        closing(journal_at(rabbitmq_url)) as journal,
        pytest.raises(BackendError, match="exists with another x-queue-type"),
    ):
        journal.append([Entry("a", b"1")])


def test_a_stream_that_was_deleted_is_made_again(rabbitmq_url: str) -> None:
    name = f"{Address.parse(rabbitmq_url).options['prefix']}.jobs"
    with closing(journal_at(rabbitmq_url)) as journal:
        journal.append([Entry("a", b"1")])
        with BlockingConnection(URLParameters(rabbitmq_url.partition("?")[0])) as connection:
            connection.channel().queue_delete(name)
        for _ in range(2):  # the first try learns that the stream is gone
            with suppress(BackendUnavailable):
                journal.append([Entry("b", b"2")])
        assert {entry.key for entry in journal.read()} == {"b"}
