"""One connection: how it is made, and how long it waits for an answer."""

from __future__ import annotations

import select
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from ergate.errors import SettingsError
from ergate_backends.postgres.errors import shown, translated
from ergate_backends.postgres.target import Target

CONNECT_TIMEOUT_S = 5
ANSWER_S = 10.0
"""An act takes milliseconds. After so long a silence the network has swallowed it; it is shorter
than a lease, so that a heartbeat still has time for a second try."""
LONG_ANSWER_S = 300.0
"""For questions of people and for migrations, which may read or write whole tables."""
STEP_ANSWER_S = 24 * 3600.0
"""What a step asks on a connection that is lent to it takes as long as it takes."""

# A dead peer is noticed although nothing is sent, and unanswered data does not wait for a quarter
# of an hour. libpq understands these for TCP only.
_KEEPALIVES = {
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}

# About a table that has just grown the planner knows nothing, and chooses to read all of it. Each
# act of ours finds its rows by an index, in the order of the index.
_PLANS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_SESSION_SETTINGS = _PLANS | {
    "plan_cache_mode": "force_generic_plan",
    # A client that froze in a transaction must not keep its locks for ever.
    "idle_in_transaction_session_timeout": "15s",
    "default_transaction_isolation": "read\\ committed",
}
_SESSION = " ".join(f"-c {name}={value}" for name, value in _SESSION_SETTINGS.items())

PLANS_OF_TRANSACTION = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', true)" for name, value in _PLANS.items()
)
"""The same for one transaction, where a session cannot keep settings."""

T = TypeVar("T")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up when nothing comes or goes for `answer_s` seconds."""

    answer_s = ANSWER_S
    work_s = 0.0
    """How much longer than that the server may need for what it was last asked."""
    keeps_session = True
    """Whether it is one server process all the time, as it is not behind a pooler."""

    def wait(self, gen: PQGen[T], *args: object, **kwargs: object) -> T:
        """Drive one exchange to its end; a connection without an answer is closed for good."""
        try:
            return _wait(gen, self.pgconn.socket, self.answer_s + self.work_s)
        except BaseException as exc:
            if not isinstance(exc, psycopg.Error) or isinstance(exc, _NoAnswer):
                self.pgconn.finish()  # half an exchange: nobody can know what comes next
            raise


class _NoAnswer(psycopg.OperationalError):
    """The server has not answered in time."""


def connect(target: Target) -> Connection:
    """Open a connection in autocommit mode. Raises `SettingsError`, `BackendUnavailable`."""
    # Poolers refuse a connection that brings session settings.
    connection = _open(target, _SESSION if target.notify else "")
    connection.prepare_threshold = 1 if target.notify else None
    connection.prepared_max = 30  # each is a plan in the server's memory
    connection.keeps_session = target.notify
    return connection


def connect_for_steps(target: Target) -> Connection:
    """Open a connection that is as the server makes it, for the queries of others."""
    connection = _open(target, "")
    connection.prepare_threshold = None
    return connection


def _open(target: Target, session: str) -> Connection:
    conninfo = _conninfo(target, session)
    with translated(target):
        return Connection.connect(conninfo, autocommit=True)


def _conninfo(target: Target, session: str) -> str:
    try:
        given = psycopg.conninfo.conninfo_to_dict(target.uri)
    except psycopg.ProgrammingError as exc:
        # The original would quote the address with its password.
        raise SettingsError(f"{target.label} cannot be read: {shown(exc, target)}.") from None
    parameters: dict[str, Any] = {
        "connect_timeout": str(CONNECT_TIMEOUT_S),
        "application_name": "ergate",
        "client_encoding": "utf8",
        **_KEEPALIVES,
    }
    if session:
        given["options"] = f"{session} {given.get('options') or ''}".strip()
    return psycopg.conninfo.make_conninfo("", **(parameters | given))


def _wait(gen: PQGen[T], descriptor: int, silence_s: float) -> T:
    poll = select.poll()
    try:
        wanted = next(gen)
        while True:
            poll.register(descriptor, _EVENTS[wanted])
            events = poll.poll(silence_s * 1000)
            if not events:
                raise _NoAnswer(f"no answer came for {silence_s:g} s")
            wanted = gen.send(_readiness(events[0][1]))
    except StopIteration as stop:
        answer: T = stop.value
        return answer


_EVENTS = {
    Wait.R: select.POLLIN,
    Wait.W: select.POLLOUT,
    Wait.RW: select.POLLIN | select.POLLOUT,
}


def _readiness(events: int) -> Ready:
    # Also a hang-up is "readable": reading is what tells the library that the server is gone.
    can_read = events & ~select.POLLOUT
    can_write = events & select.POLLOUT
    if can_read and can_write:
        return Ready.RW
    return Ready.R if can_read else Ready.W
