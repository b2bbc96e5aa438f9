"""Topics of Kafka keep every promise of a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from ergate.contracts.address import Address
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.errors import PayloadError
from ergate.testing import JournalSuite
from ergate.testing.fleet import eventually
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


def test_a_reading_ends_where_the_last_offsets_have_no_entry(kafka_url: str) -> None:
    address = Address.parse(kafka_url)
    topic = f"{address.options['prefix']}.jobs"
    with closing(KafkaJournal(address, JournalKind.JOBS)) as journal:
        journal.append([Entry("a", b"1")])
        stranger = Producer(
            {"bootstrap.servers": address.authority, "transactional.id": topic, "log_level": 0}
        )
        stranger.init_transactions()
        stranger.begin_transaction()
        stranger.produce(topic, b"2", b"a")
        stranger.flush()
        stranger.abort_transaction()
        assert list(journal.read()) == [Entry("a", b"1")]


def test_a_topic_that_was_deleted_is_made_again(kafka_url: str) -> None:
    address = Address.parse(kafka_url)
    topic = f"{address.options['prefix']}.jobs"
    with closing(KafkaJournal(address, JournalKind.JOBS)) as journal:
        journal.append([Entry("a", b"1")])
        admin = AdminClient({"bootstrap.servers": address.authority})
        admin.delete_topics([topic])[topic].result(10)
        # Until the broker has heard of it, it confirms what it is about to throw away.
        eventually("the topic is gone", lambda: topic not in admin.list_topics(timeout=10).topics)
        journal.append([Entry("b", b"2")])
        assert {entry.key for entry in journal.read()} == {"b"}


def test_an_entry_that_the_topic_does_not_take_is_refused(kafka_url: str) -> None:
    with (
        closing(KafkaJournal(Address.parse(kafka_url), JournalKind.JOBS)) as journal,
        pytest.raises(PayloadError, match="too large for Kafka"),
    ):
        journal.append([Entry("a", bytes(9 * 1024 * 1024))])
