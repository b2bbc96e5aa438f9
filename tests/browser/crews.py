"""Real processes and services around a page: workers of the demo, and three microservices."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ergate.services.catalog import Catalog
from examples.microservices.services import SERVICES, Server
from tests.unit.services.definitions import example

ROOT = Path(__file__).parents[2]
APP = "tests.browser.demo:app"


@contextmanager
def workers(address: str, log: Path, *flags: str, pace_s: float) -> Iterator[None]:
    """Run two worker processes at `address` as somebody would, until the end of the block."""
    command = Path(sys.executable).with_name("ergate")
    words = ("run", APP, "--plain", "--queue", address, "--queues", "default,mails")
    more = ("--processes", "2", "--concurrency", "8", *flags)
    environ = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DEMO_PACE_S": str(pace_s),
        "ERGATE_ALLOWED_SERVICES": "loopback",
    }
    with log.open("ab") as out:
        process = subprocess.Popen([command, *words, *more], env=environ, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def microservices(catalog: Catalog) -> Iterator[None]:
    """Run the services of the examples, registered with the workflow that calls them."""
    servers = {name: Server(service, 0) for name, service in SERVICES.items()}
    for name, server in servers.items():
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        catalog.register_service({**example(f"service-{name}"), "address": address})
    catalog.register_workflow(example("workflow-process-text"))
    try:
        yield
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()
