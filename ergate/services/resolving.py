"""The addresses of a host, in time."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence

from ergate.services.hosts import IPAddress

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host, as text; raises `OSError`."""


class HostUnknown(Exception):
    """A host has no address."""


def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the rules of this machine."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def addresses_of(host: str, port: int, resolver: Resolver, timeout_s: float) -> list[IPAddress]:
    """Return every address of a host; raises `HostUnknown`, or `TimeoutError` after `timeout_s`."""
    answer = _in_time(lambda: resolver(host, port), timeout_s)
    if isinstance(answer, Exception):
        reason = answer.strerror if isinstance(answer, OSError) else None
        raise HostUnknown(reason or type(answer).__name__)
    # A scope (fe80::1%eth0) is kept by ipaddress, and no list has it.
    addresses = [ipaddress.ip_address(text) for text in answer]
    if not addresses:
        raise HostUnknown("it has no address")
    return addresses


def _in_time(resolve: Callable[[], Sequence[str]], timeout_s: float) -> Sequence[str] | Exception:
    """Run `resolve` in a thread of its own, because nothing can interrupt a system's resolver."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve())
        except Exception as exc:  # noqa: BLE001 - it is raised where somebody waits for it
            answers.put(exc)

    threading.Thread(target=ask, name="ergate-resolve", daemon=True).start()
    try:
        return answers.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError from None
