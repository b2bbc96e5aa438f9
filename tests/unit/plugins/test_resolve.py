"""A name or URL leads to its backend, or to a letter that says what to do."""

from __future__ import annotations

from typing import NoReturn, cast

import pytest

from ergate.clock import Clock, SystemClock
from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.contracts.journal import Journal, JournalKind
from ergate.contracts.queue import Queue
from ergate.contracts.state_store import StateStore
from ergate.errors import UnknownBackendError, Unsupported
from ergate.plugins.manager import PluginProblem, Plugins
from ergate.plugins.registry import BackendRegistry
from ergate.plugins.resolve import (
    Role,
    open_journal,
    open_queue,
    open_state_store,
    resolve_backend,
)

CLOCK = SystemClock()


def plugins(*backends: Backend, problems: tuple[PluginProblem, ...] = ()) -> Plugins:
    registry = BackendRegistry()
    for backend in backends:
        registry.add(backend, distribution="ergate")
    return Plugins(registry, problems)


def make_store(address: Address, clock: Clock) -> StateStore:
    return cast(StateStore, ("store", address.url))


def make_queue(address: Address, clock: Clock) -> Queue:
    return cast(Queue, ("queue", address.url))


def make_journal(address: Address, clock: Clock, kind: JournalKind) -> Journal:
    return cast(Journal, ("journal", address.url, kind))


def lacks_client(address: Address, clock: Clock) -> NoReturn:
    raise ModuleNotFoundError("No module named 'redis'", name="redis")


STORE = Backend(name="sqlite", summary="A file", open_store=make_store)
QUEUE = Backend(name="rabbitmq", summary="A queue", schemes=("amqp",), open_queue=make_queue)


def letter(text: str, role: Role, installed: Plugins) -> str:
    with pytest.raises((UnknownBackendError, Unsupported)) as caught:
        resolve_backend(text, role, plugins=installed)
    return str(caught.value)


@pytest.mark.parametrize("text", ["rabbitmq", "rabbitmq://h", "amqp://h/x", "AMQP://h"])
def test_a_backend_answers_to_its_name_and_to_each_of_its_schemes(text: str) -> None:
    backend, address = resolve_backend(text, "queue", plugins=plugins(STORE, QUEUE))
    assert (backend, address.url) == (QUEUE, text)


def test_a_store_can_be_named_as_queue_because_its_ready_list_is_one() -> None:
    assert resolve_backend("sqlite", "queue", plugins=plugins(STORE))[0] == STORE


def test_an_unknown_scheme_lists_what_is_known_and_the_near_miss() -> None:
    assert letter("redsi://cache:6379", "queue", plugins(STORE)) == (
        'No queue for "redsi://cache:6379": unknown scheme "redsi". '
        "Known: kafka, memory, postgres, rabbitmq, redis, sqlite. "
        'Did you mean "redis"? See `ergate backends list`.'
    )


def test_an_unknown_name_is_called_a_name() -> None:
    assert 'No state store for "sqlit": unknown name "sqlit".' in letter(
        "sqlit", "state store", plugins(STORE)
    )


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        ("redis", "redis"),
        ("rediss://h", "redis"),
        ("unix:///run/redis.sock", "redis"),
        ("postgresql://h/d", "postgres"),
        ("postgres://h/d", "postgres"),
        ("amqp://h", "rabbitmq"),
        ("amqps://h", "rabbitmq"),
    ],
)
def test_an_official_backend_that_is_not_installed_names_the_extra(text: str, extra: str) -> None:
    assert f'pip install "ergate[{extra}]"' in letter(text, "queue", plugins(STORE))


def test_a_plugin_that_lacks_its_client_library_names_the_library_and_the_extra() -> None:
    error = ModuleNotFoundError("No module named 'pika'", name="pika")
    installed = plugins(problems=(PluginProblem("ergate", "rabbitmq", error),))
    assert letter("amqp://h", "queue", installed) == (
        'No queue for "amqp://h": its client library "pika" is not installed. '
        'Run: pip install "ergate[rabbitmq]"'
    )


def test_a_plugin_that_is_broken_is_told_with_its_own_error() -> None:
    installed = plugins(problems=(PluginProblem("ergate", "sqlite", ValueError("bad")),))
    told = letter("sqlite", "state store", installed)
    assert "ValueError: bad" in told
    assert "ergate doctor" in told


def test_a_client_library_that_is_missing_at_opening_names_the_extra() -> None:
    backend = Backend(name="redis", summary="R", open_store=lacks_client, extra="redis")
    with pytest.raises(UnknownBackendError) as caught:
        open_state_store("redis://h", CLOCK, plugins=plugins(backend))
    assert 'pip install "ergate[redis]"' in str(caught.value)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_backend_without_the_role_is_refused_and_others_are_named() -> None:
    assert letter("amqp://u:pw@h", "state store", plugins(STORE, QUEUE)) == (
        '"amqp://u:***@h" cannot be a state store: the backend "rabbitmq" does not offer one. '
        "These do: sqlite. See `ergate backends list`."
    )


def test_opening_gives_the_backend_the_parsed_address() -> None:
    installed = plugins(STORE, QUEUE)
    store = cast(object, open_state_store("sqlite:///a.db", CLOCK, plugins=installed))
    queue = cast(object, open_queue("amqp://h", CLOCK, plugins=installed))
    assert (store, queue) == (("store", "sqlite:///a.db"), ("queue", "amqp://h"))


def test_a_store_without_a_queue_of_its_own_cannot_be_opened_as_external_queue() -> None:
    with pytest.raises(Unsupported, match="Give the same address as the state store"):
        open_queue("sqlite", CLOCK, plugins=plugins(STORE))


def test_a_journal_is_a_state_store_that_can_only_be_told() -> None:
    log = Backend(name="log", summary="A log", open_journal=make_journal)
    opened: object = open_journal("log://h", CLOCK, JournalKind.EVENTS, plugins=plugins(log))
    assert opened == ("journal", "log://h", JournalKind.EVENTS)
    assert resolve_backend("log", "state store", plugins=plugins(log))[0] == log
    with pytest.raises(Unsupported, match="keeps a journal, which is only written and read"):
        open_state_store("log://h", CLOCK, plugins=plugins(log))


def test_what_has_no_journal_says_so() -> None:
    assert letter("sqlite", "journal", plugins(STORE)) == (
        '"sqlite" cannot be a journal: the backend "sqlite" does not offer one. '
        "These do: none that is installed. See `ergate backends list`."
    )
