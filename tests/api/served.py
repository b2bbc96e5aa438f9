"""An app served on loopback by a real server, in a thread of the test."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from ergate.api.serving import new_server


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app in a thread and yield its address; the end of the block stops it as a signal."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = new_server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.handle_exit(signal.SIGTERM, None)
            thread.join(20)
        assert not thread.is_alive()
