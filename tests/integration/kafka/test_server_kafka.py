"""How Kafka is reached, what is found in it, and what is said when it is not as it should be."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.contracts.queue import Message
from ergate.errors import BackendUnavailable, PayloadError, SettingsError
from ergate.testing.fleet import eventually
from ergate.testing.servers.base import free_port
from ergate.testing.servers.kafka import KafkaServer
from ergate_backends.kafka.checking import findings
from ergate_backends.kafka.queue import KafkaQueue
from ergate_backends.kafka.topics import TOPIC_SETTINGS


def make_topic(url: str, partitions: int, settings: Mapping[str, str]) -> str:
    """Make the topic of the queue `default` as an administrator could, and return its name."""
    address = Address.parse(url)
    name = f"{address.options['prefix']}.default"
    admin = AdminClient({"bootstrap.servers": address.authority})
    admin.create_topics([NewTopic(name, partitions, 1, config=dict(settings))])[name].result(10)
    eventually("the topic is known", lambda: name in admin.list_topics(timeout=5).topics)
    return name


def check(url: str) -> list[Finding]:
    return list(findings(Address.parse(url)))


def levels(found: list[Finding], subject: str) -> set[str]:
    return {one.level for one in found if one.subject == subject}


# --- reaching it ----------------------------------------------------------------------------------


def test_a_server_that_is_away_is_said_to_be_away_within_ten_seconds() -> None:
    before = time.monotonic()
    with pytest.raises(BackendUnavailable, match="cannot be used now"):
        KafkaQueue(Address.parse(f"kafka://127.0.0.1:{free_port()}"))
    assert time.monotonic() - before < 10


def test_publishing_and_receiving_fail_in_time_while_the_server_is_away(
    kafka_server: KafkaServer,
) -> None:
    with closing(KafkaQueue(Address.parse(kafka_server.url))) as queue:
        queue.publish([Message(b"1", "a")])
        queue.acknowledge(queue.receive(["default"], 1, 10.0))
        kafka_server.kill()
        before = time.monotonic()
        with pytest.raises(BackendUnavailable):
            queue.publish([Message(b"2", "a")])
        eventually("receiving fails, too", lambda: receiving_fails(queue))
        assert time.monotonic() - before < 25
        kafka_server.start()
        bodies: set[bytes] = set()
        while b"3" not in bodies:
            try:
                queue.publish([Message(b"3", "a")])
                bodies |= {one.body for one in queue.receive(["default"], 9, 5.0)}
            except BackendUnavailable:
                assert time.monotonic() - before < 60


def receiving_fails(queue: KafkaQueue) -> bool:
    try:
        queue.receive(["default"], 1, 0.5)
    except BackendUnavailable:
        return True
    return False


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[KafkaServer]:
    KafkaServer.require()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    with KafkaServer(tmp_path / "kafka", certificate=certificate, key=key) as server:
        yield server


def test_tls_settings_go_to_the_client_library(secure: KafkaServer, tmp_path: Path) -> None:
    url = f"kafka://127.0.0.1:{secure.tls_port}?security.protocol=SSL"
    trusting = f"{url}&ssl.ca.location={tmp_path / 'certificate.pem'}"
    with closing(KafkaQueue(Address.parse(trusting))) as queue:
        queue.publish([Message(b"1", "a")])
        came = eventually("it comes", lambda: queue.receive(["default"], 1, 1.0))
        assert [one.body for one in came] == [b"1"]
    with pytest.raises(BackendUnavailable, match=r"did not let us in.*certificate"):
        KafkaQueue(Address.parse(url))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("colour=blue", "unknown option 'colour'"),
        ("prefx=a", 'Did you mean "prefix"'),
        ("partitions=0", "partitions=0 is no number"),
        ("mode=fast", "neither group nor share"),
        ("acks=1", "unknown option 'acks'"),
        ("enable.auto.commit=true", "Ergate sets enable.auto.commit itself"),
        ("no.such.setting=1", "No such configuration property"),
        ("session.timeout.ms=soon", "session.timeout.ms"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(option: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        KafkaQueue(Address.parse(f"kafka://127.0.0.1:1?{option}"))


def test_what_the_client_library_writes_goes_to_our_log_and_not_to_stderr(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(BackendUnavailable):
        KafkaQueue(Address.parse(f"kafka://127.0.0.1:{free_port()}"))
    assert capfd.readouterr().err == ""


# --- topics ---------------------------------------------------------------------------------------


def test_a_topic_with_fewer_partitions_is_left_as_it_is_and_said_to_have_fewer(
    kafka_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(kafka_url, 3, {})
    with closing(KafkaQueue(Address.parse(kafka_url))) as queue:
        queue.publish([Message(b"%d" % n, str(n)) for n in range(30)])
        assert queue.depth("default") == 30
    assert "has 3 partitions, and 12 were asked for" in caplog.text
    (few,) = (one for one in check(kafka_url) if "and the address asks for 12" in one.detail)
    assert few.level == "warning"


def test_a_message_that_the_topic_does_not_take_is_no_passing_trouble(kafka_url: str) -> None:
    make_topic(kafka_url, 12, {"max.message.bytes": "1000"})
    with (
        closing(KafkaQueue(Address.parse(kafka_url))) as queue,
        pytest.raises(PayloadError, match="refused"),
    ):
        queue.publish([Message(b"x" * 5000, "a")])


def test_queues_with_any_name_have_topics_of_their_own(kafka_url: str) -> None:
    names = ["grüße", "a b", "a_x20b", "a/b"]
    with closing(KafkaQueue(Address.parse(kafka_url))) as queue:
        queue.publish([Message(name.encode(), "a", name) for name in names])
        got: list[tuple[str, str]] = []
        while len(got) < len(names):
            got += [(one.queue, one.body.decode()) for one in queue.receive(names, 9, 5.0)]
    assert sorted(got) == sorted((name, name) for name in names)


# --- what doctor finds ----------------------------------------------------------------------------


def test_a_cluster_of_one_broker_has_no_problem_and_a_warning_for_its_replicas(
    kafka_url: str,
) -> None:
    with closing(KafkaQueue(Address.parse(kafka_url))) as queue:
        queue.publish([Message(b"1", "a")])
        queue.receive(["default"], 1, 5.0)
        found = check(kafka_url)
    assert {one.level for one in found} == {"ok", "warning"}
    (warning,) = (one for one in found if one.level == "warning")
    assert "replication factor 1" in warning.detail
    (workers,) = (one for one in found if one.subject == "workers")
    assert workers.detail.startswith("1 in the group")


def test_before_the_first_use_doctor_says_what_will_be_made(kafka_url: str) -> None:
    found = check(f"{kafka_url}&partitions=5")
    (topics,) = (one for one in found if one.subject == "topics")
    assert (topics.level, "5 partitions" in topics.detail) == ("ok", True)


@pytest.mark.parametrize(
    ("setting", "value", "level"),
    [
        ("retention.ms", "3600000", "warning"),
        ("retention.bytes", "1000000", "warning"),
        ("max.message.bytes", "100000", "warning"),
        ("cleanup.policy", "compact", "problem"),
        ("min.insync.replicas", "2", "problem"),
    ],
)
def test_a_setting_of_a_topic_that_weakens_the_promise_is_found(
    kafka_url: str, setting: str, value: str, level: str
) -> None:
    name = make_topic(kafka_url, 12, TOPIC_SETTINGS | {setting: value})
    assert level in levels(check(kafka_url), name)


@pytest.mark.parametrize(
    ("option", "subject", "level"),
    [
        ("max.poll.interval.ms=7000", "max.poll.interval.ms", "warning"),
        ("session.timeout.ms=3000", "session.timeout.ms", "problem"),
        ("mode=share", "mode", "warning"),
    ],
)
def test_a_setting_of_the_address_that_weakens_the_promise_is_found(
    kafka_url: str, option: str, subject: str, level: str
) -> None:
    assert levels(check(f"{kafka_url}&{option}"), subject) == {level}
