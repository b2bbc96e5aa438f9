"""A real browser, a page of it for each test, and an address at which the dashboard is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    sync_playwright,
)

from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.testing.servers.base import ServerMissing, missing
from tests.api.conftest import TOKEN, new_registry
from tests.api.served import served

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one headless Chromium to all tests of a module.

    Not to those of the session: while Playwright is there its event loop counts as running, and
    tests of other modules could run none of their own.
    """
    if not CHROMIUM.exists():
        missing(ServerMissing(f"{CHROMIUM} is not there; on Debian: apt-get install -y chromium"))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


class Complaints:
    """What a page did that it must not do."""

    def __init__(self, origin: str) -> None:
        self.found: list[str] = []
        self.allowed: set[int] = set()
        """Statuses that the test provokes: a browser writes each of them to the console."""
        self._origin = origin

    def watch(self, page: Page) -> None:
        """Take note of errors, and of requests to elsewhere."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        told = any(
            f"the server responded with a status of {one} " in message.text for one in self.allowed
        )
        if message.type in ("error", "warning") and not told:
            self.found.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            self.found.append(f"asked for {request.url}")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    opened = open_broker(f"sqlite:///{tmp_path}/jobs.db", None)
    assert isinstance(opened, Broker)
    yield opened
    opened.close()


@pytest.fixture
def place(broker: Broker) -> Place:
    return Place(broker=broker, registry=new_registry())


@pytest.fixture
def security() -> Security:
    return Security(token=TOKEN)


@pytest.fixture
def api(place: Place, security: Security) -> FastAPI:
    return create_api(place, security, Bounds(snapshot_s=0.1))


@pytest.fixture
def address(api: FastAPI) -> Iterator[str]:
    """Give the address of a server over a SQLite file with the workflow `order`."""
    with served(api) as running:
        yield running


@pytest.fixture
def complaints(address: str) -> Complaints:
    return Complaints(address)


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """Give a browser without a session, a history or anything else of another test."""
    made = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    with suppress(Error):
        made.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    """Give a page; the test fails at its end if the page complained or asked another server."""
    opened = context.new_page()
    complaints.watch(opened)
    yield opened
    opened.close()
    assert complaints.found == []


@pytest.fixture
def signed_in(page: Page) -> Page:
    """Give a page whose browser has begun a session with the token."""
    answer = page.request.post("/api/v1/session", data={"token": TOKEN})
    assert answer.status == 204
    return page
