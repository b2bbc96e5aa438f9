"""The server as store and queue see it: scripts go in, answers or our own errors come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redis import exceptions

from ergate.clock import Clock, SystemClock
from ergate.contracts.address import Address
from ergate.contracts.redaction import redact
from ergate.errors import BackendError, BackendUnavailable
from ergate_backends.redis.address import Place
from ergate_backends.redis.scripts import Script, script

Argument = str | bytes | int
_TRY_LATER = (
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "TRYAGAIN",
)
"""How answers begin that tell of a state of the server, not of a mistake in the command."""


_STATES = (exceptions.ReadOnlyError, exceptions.OutOfMemoryError, exceptions.ClusterDownError)
"""The same, where the client library takes the first word away."""
_NO_USE = (exceptions.BusyLoadingError, exceptions.AuthenticationError)
"""Troubles of a connection that the next one has too."""


class Server:
    """One address and its connections; may be used from several threads at once.

    A `clock` other than the machine's own replaces the server's time, for tests.
    """

    def __init__(self, address: Address, clock: Clock) -> None:
        place = Place.of(address)
        self.base = place.base
        self._address = address
        self._clock = None if isinstance(clock, SystemClock) else clock
        with self.errors():
            self._client = place.connect()

    def run(self, name: str, *arguments: Argument, repeatable: bool = False) -> Any:
        """Run a script and return its answer.

        With `repeatable` it is sent once more when the connection broke, as when the server was
        restarted: running twice must do what running once does.
        """
        act = script(name)

        def send() -> Any:
            return self._evaluate(act, (self.base, self._time(), *arguments))

        with self.errors():
            return self._sent(send, repeatable=repeatable)

    def command(self, *words: Argument) -> Any:
        """Run one command that only reads, or may run twice, and return its answer."""
        with self.errors():
            return self._sent(lambda: self._client.execute_command(*words), repeatable=True)

    def once(self, *words: Argument) -> Any:
        """Run one command that must not run twice, and return its answer."""
        with self.errors():
            return self._client.execute_command(*words)

    def pipeline(self) -> Any:
        """Return a pipeline of the client library; use it within `errors`."""
        return self._client.pipeline(transaction=False)

    def key(self, kind: str, name: str | None = None) -> str:
        """Return a key; one with a name can never equal one of another kind."""
        return self.base + kind if name is None else f"{self.base}{kind}:{name}"

    def close(self) -> None:
        """Close every connection."""
        with self.errors():
            self._client.close()
            pool = getattr(self._client, "connection_pool", None)
            if pool is not None:
                pool.disconnect()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate what the client library raises; the cause is kept."""
        try:
            yield
        except exceptions.ResponseError as exc:
            raise self._answered(exc) from exc
        except (exceptions.RedisError, OSError) as exc:
            raise BackendUnavailable(
                f"Redis at {self._address} cannot be reached: {redact(str(exc)).rstrip('.')}. "
                "Is it running, and is the address right?"
            ) from exc

    def _evaluate(self, act: Script, arguments: tuple[Argument, ...]) -> Any:
        try:
            return self._client.execute_command("EVALSHA", act.digest, 1, *arguments)
        except exceptions.NoScriptError:  # the server is new, or was restarted
            return self._client.execute_command("EVAL", act.text, 1, *arguments)

    def _sent(self, send: Callable[[], Any], *, repeatable: bool) -> Any:
        try:
            return send()
        except (exceptions.ConnectionError, OSError) as exc:
            if not repeatable or isinstance(exc, _NO_USE):
                raise
            return send()

    def now(self) -> float:
        """Return the time that the scripts go by, in seconds since 1970."""
        if self._clock is not None:
            return self._clock.now()
        seconds, microseconds = self.command("TIME")
        return int(seconds) + int(microseconds) / 1e6

    def _time(self) -> str:
        return "" if self._clock is None else f"{self._clock.now() * 1e6:.0f}"

    def _answered(self, exc: exceptions.ResponseError) -> BackendError:
        text = redact(str(exc))
        if isinstance(exc, exceptions.ReadOnlyError):
            self._forget_connections()  # after a fail-over they lead to the wrong server
        if text.startswith(_TRY_LATER) or isinstance(exc, _STATES):
            return BackendUnavailable(f"Redis at {self._address} cannot do it now: {text}")
        return BackendError(
            f"Redis at {self._address} refused a command: {text}. See `ergate doctor`."
        )

    def _forget_connections(self) -> None:
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            pool.disconnect(inuse_connections=False)
