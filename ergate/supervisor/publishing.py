"""Tells outside readers: every transition of a store, as an event in each journal of `publish_to`.

One thread for each journal, so that one that is away delays neither the others nor a heartbeat.
An event is appended first and passed in the store's feed afterwards: a crash in between repeats
events and skips none.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from ergate.brokers.broker import Broker
from ergate.brokers.direct import DirectBroker
from ergate.clock import SystemClock
from ergate.contracts.address import Address, redact_url
from ergate.contracts.capabilities import Capability
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.contracts.state_store import StateStore
from ergate.errors import BackendUnavailable, SettingsError, Unsupported, UsageError
from ergate.failpoints import failpoint
from ergate.jobs.ids import new_id
from ergate.plugins.resolve import open_journal, resolve_backend
from ergate.settings import Settings
from ergate.worker.events import Trouble
from ergate.worker.settler import Report

log = logging.getLogger("ergate")

OPEN_S = 2.0
"""So long a start waits to hear that a journal's address is wrong; one that is away may be away."""
DRAIN_S = 5.0
"""So long the end of a run goes on with what is still to be told; the next run tells the rest."""
AWAY_S = 0.5
"""The same while the journal does not answer."""
PAGE_FIRST, PAGE_MOST = 100, 1000
PAGE_BYTES = 4 * 1024 * 1024
"""A page follows the size of its events: many small ones, or a few with large results."""
IDLE_FIRST_S, IDLE_MAX_S = 0.02, 0.5
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 30.0


class Publisher(threading.Thread):
    """Appends what one feed of the store has not passed to one journal, page by page.

    Several supervisors may have one for the same feed: the store lets one of them read at a time.
    """

    def __init__(
        self, store: StateStore, address: Address, settings: Settings, report: Report
    ) -> None:
        self.feed = feed_name(address)
        super().__init__(name=f"publishing {self.feed}", daemon=True)
        self._store = store
        self._address = address
        self._lease_s = settings.lease_s
        self._with_results = settings.publish_results
        self._report = report
        self._holder = new_id()
        self._journal: Journal | None = None
        self._was_tried = threading.Event()
        self._mistake: UsageError | None = None
        self._limit = PAGE_FIRST
        self._failures = 0
        self._idle_s = IDLE_FIRST_S
        self._is_asked_to_end = threading.Event()
        # Before any worker starts, so that the feed has all that they do.
        store.feed(self.feed, self._holder, 0, self._lease_s)

    def start(self) -> None:
        """Start the thread. Raises `UsageError` when no journal can be at the address."""
        super().start()
        self._was_tried.wait(OPEN_S)
        if self._mistake is not None:
            raise self._mistake

    def stop(self) -> None:
        """Tell what is left, as far as there is time, and let others go on at once."""
        self._is_asked_to_end.set()
        # Nothing is lost by leaving: what a journal that is away was not told waits in the store.
        self.join(AWAY_S if self._failures else 2 * DRAIN_S)

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> None:
        """Publish page by page until `stop`; failures are tried again with growing pauses."""
        try:
            self._open_first()
            while not self._is_asked_to_end.is_set() and self._mistake is None:
                self._is_asked_to_end.wait(self.turn())
            deadline = time.monotonic() + DRAIN_S
            while self._mistake is None and time.monotonic() < deadline and self.turn() == 0.0:
                pass
        finally:
            with suppress(Exception):
                self._store.feed(self.feed, self._holder, 0, 0.0)
            self._let_go()

    def _open_first(self) -> None:
        try:
            self._opened()
        except UsageError as exc:
            self._mistake = exc
        except Exception as exc:  # noqa: BLE001  the loop tries again and tells of it
            self._failed(exc)
        finally:
            self._was_tried.set()

    def turn(self) -> float:
        """Publish one page; return how long to pause before the next."""
        try:
            published = self._publish_page()
        except Exception as exc:  # noqa: BLE001  whatever it is, the events wait in the store
            return self._failed(exc)
        self._works()
        if published is None:  # somebody else does it, until their lease ends
            return self._lease_s / 4
        if published:
            self._idle_s = IDLE_FIRST_S
            return 0.0
        self._idle_s = min(IDLE_MAX_S, 2 * self._idle_s)
        return self._idle_s

    def _publish_page(self) -> int | None:
        """Append one page and pass it; return its length, or None when another has the feed."""
        self._opened()  # also while there is nothing to tell: trouble is known before it matters
        rows = self._store.feed(self.feed, self._holder, self._limit, self._lease_s)
        if not rows:
            return None if rows is None else 0
        entries = [row.to_entry(with_result=self._with_results) for row in rows]
        self._append(entries)
        failpoint("after_append")
        self._store.advance(self.feed, rows)
        failpoint("after_advance")
        self._follow_size(entries)
        return len(rows)

    def _append(self, entries: Sequence[Entry]) -> None:
        journal = self._opened()
        try:
            journal.append(entries)
        except Exception:
            self._let_go()  # the next try is made by a new connection
            raise

    def _follow_size(self, entries: Sequence[Entry]) -> None:
        size = sum(len(entry.body) for entry in entries)
        if size > PAGE_BYTES:
            self._limit = max(1, self._limit // 2)
        elif 4 * size < PAGE_BYTES:
            self._limit = min(PAGE_MOST, 2 * self._limit)

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = open_journal(self._address, SystemClock(), JournalKind.EVENTS)
        return self._journal

    def _let_go(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            with suppress(Exception):
                journal.close()

    # --- trouble --------------------------------------------------------------------------------

    def _failed(self, exc: Exception) -> float:
        """Tell of the first failure in a row; return the pause before the next try."""
        if self._failures == 0:
            if not isinstance(exc, BackendUnavailable):
                log.error("Publishing to %s failed.", self.feed, exc_info=exc)
            what = f"Publishing to {self.feed} failed and is tried again; events wait: {exc}"
            self._report(Trouble(what=what))
        pause_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return pause_s * random.uniform(0.5, 1.0)

    def _works(self) -> None:
        if self._failures:
            self._failures = 0
            self._report(Trouble(what=f"Publishing to {self.feed} works again.", is_over=True))


def feed_name(address: Address) -> str:
    """Return the name of the feed for an address: the same whatever its password and options are.

    Only `prefix` counts, as it chooses where the events go.
    """
    prefix = address.options.get("prefix")
    path = f"/{address.path}" if address.path else ""
    where = "" if address.is_bare else f"://{address.authority}{path}"
    return redact_url(f"{address.scheme}{where}") + (f"?prefix={prefix}" if prefix else "")


@contextmanager
def publishing(broker: Broker | DirectBroker, settings: Settings, report: Report) -> Iterator[None]:
    """Publish to every address of `publish_to` while the block runs.

    Raises `UsageError` for a store that has no feeds and for an address without a journal. A
    journal that is away is waited for in the background.
    """
    addresses = _targets(broker, settings)
    if not isinstance(broker, Broker) or Capability.FEEDS not in broker.store.capabilities:
        yield
        return
    with ExitStack() as stack:
        for address in addresses:
            publisher = Publisher(broker.store, address, settings, report)
            stack.callback(publisher.stop)
            publisher.start()
        _tell_of_forgotten(broker.store, {feed_name(address) for address in addresses}, report)
        yield


def _tell_of_forgotten(store: StateStore, wanted: set[str], report: Report) -> None:
    """Warn of feeds that grow because nobody reads them, as after a change of settings."""
    for info in store.feeds():
        if info.name not in wanted and info.holder is None:
            what = (
                f"Nobody reads the feed {info.name}; events that wait in it: {info.waiting}. Name "
                f"its address in publish_to, or forget it: ergate feeds drop '{info.name}'"
            )
            report(Trouble(what=what))


def _targets(broker: Broker | DirectBroker, settings: Settings) -> list[Address]:
    """Return the addresses to publish to, when that can be done."""
    addresses = [Address.parse(text) for text in settings.publish_to]
    if not addresses:
        return []
    if isinstance(broker, DirectBroker) or Capability.FEEDS not in broker.store.capabilities:
        raise Unsupported(
            f"publish_to needs a state store that hands out its transitions, and "
            f"{broker.labels.state_store} does not. memory, sqlite, redis and postgres do."
        )
    feeds: dict[str, Address] = {}
    for address in addresses:
        resolve_backend(address, "journal")
        other = feeds.setdefault(feed_name(address), address)
        if other is not address:
            raise SettingsError(
                f"publish_to names {feed_name(address)} twice: {other} and {address}. Leave one "
                "out, or give them different values of prefix."
            )
    return addresses
