"""The addresses that a command's settings mean, and what their backends find there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.plugins.resolve import Role, resolve_backend

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.cli.place import Place

DEFAULT = "sqlite"
_ROUND_TRIPS = 20
_SLOW_S = 0.1
_MARKS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}


def addresses(place: Place) -> list[tuple[Role, Address]]:
    """Return where jobs wait and are kept by the settings; what both halves share comes once.

    Objects of the app's own have no address and are left out.
    """
    settings = place.settings
    if settings.queue is None and settings.state_store is None:
        own = place.app is not None and place.app.has_own_objects
        return [] if own else [("state store", Address.parse(DEFAULT))]
    state_store = Address.parse(settings.state_store or _full_store(settings.queue))
    queue = Address.parse(settings.queue or settings.state_store or DEFAULT)
    found: list[tuple[Role, Address]] = [("state store", state_store)]
    return found if queue == state_store else [*found, ("queue", queue)]


def _full_store(queue: str | None) -> str:
    """Return what keeps the state when only the queue is named: the same, or the default."""
    if queue is None or resolve_backend(queue, "queue")[0].open_store is None:
        return DEFAULT
    return queue


def backend_findings(address: Address, role: Role) -> Sequence[Finding]:
    """Return what the backend sees at an address. Raises what `resolve_backend` raises."""
    backend, address = resolve_backend(address, role)
    if backend.check is None:
        return [Finding(level="ok", subject=backend.name, detail="has nothing that can be checked")]
    return backend.check(address)


def store_findings(broker: Broker) -> Iterator[Finding]:
    """Tell how fast the store answers, and who works."""
    is_journal = broker.kind == "direct"  # which is read as a whole for each question
    times = []
    for _ in range(1 if is_journal else _ROUND_TRIPS):
        start = time.perf_counter()
        broker.store.get("ergate-doctor")
        times.append(time.perf_counter() - start)
    median_s = statistics.median(times)
    yield Finding(
        level="warning" if median_s > _SLOW_S else "ok",
        subject="round trip",
        detail=f"{median_s * 1000:.2f} ms, "
        + ("one reading of the journal" if is_journal else f"median of {_ROUND_TRIPS} reads"),
        advice=_slow(is_journal=is_journal) * (median_s > _SLOW_S),
    )
    yield Finding(level="ok", subject="survives", detail=str(broker.level))
    yield Finding(level="ok", subject="promise", detail=broker.promise)
    seen = "unknown" if is_journal else f"{len(broker.store.workers())} at work"
    yield Finding(level="ok", subject="workers", detail=seen)


def _slow(*, is_journal: bool) -> str:
    if is_journal:
        return "Only reading is slow; let the server drop what is old, by its retention."
    return "Each step costs several: bring workers and store together."


def finding_document(finding: Finding) -> dict[str, str]:
    """Return a finding as plain JSON values."""
    return {
        "level": finding.level,
        "subject": finding.subject,
        "detail": finding.detail,
        "advice": finding.advice,
    }


def show_findings(findings: Sequence[Finding]) -> None:
    """Print findings for people, with the advice under each that has one."""
    from rich.text import Text

    from ergate.cli.printing import show
    from ergate.display.escape import safe
    from ergate.display.styles import BAD, GOOD, QUIET

    styles = {"ok": GOOD, "warning": "yellow", "problem": BAD}
    for finding in findings:
        line = Text(f"  {_MARKS[finding.level]:<8} ", style=styles[finding.level])
        line.append_text(safe(finding.subject, "bold")).append_text(safe(f"  {finding.detail}", ""))
        if finding.advice:
            line.append("\n           → ").append_text(safe(finding.advice, QUIET))
        show(line, wrap=False)
