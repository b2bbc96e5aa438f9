"""A worker whose supervisor is gone leaves, whatever was still on its way between the two."""

from __future__ import annotations

import socket

import pytest

from ergate.worker.__main__ import watch_supervisor
from ergate.worker.stopping import Stopping


@pytest.mark.parametrize("unread", [b"", b'["WorkerTick", {}]\n'], ids=["all read", "some unread"])
def test_a_worker_is_to_leave_when_the_other_end_of_its_socket_is_gone(unread: bytes) -> None:
    """The kernel calls it a reset when the supervisor died before it had read everything."""
    supervisor, worker = socket.socketpair()
    worker.sendall(unread)
    supervisor.close()
    stopping = Stopping()
    with worker, worker.makefile("rb") as lines:
        watch_supervisor(lines, stopping)
    assert stopping.reason == "its supervisor is gone"
