"""Queues, workers, backends, findings and dead letters as the command line shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from ergate.contracts.backend import Backend, Finding
from ergate.contracts.feed import FeedInfo
from ergate.contracts.state_store import DeadLetter, QueueStats, WorkerInfo
from ergate.display.escape import fit, safe
from ergate.display.figures import NOTHING, age, count, relative
from ergate.display.styles import BAD, GOOD, QUIET, WARN
from ergate.display.tables import new_table

_LONGEST_CELL = 200
_NOTHING: Mapping[str, int] = {}


def queues_table(queues: Sequence[QueueStats], now: float) -> RenderableType:
    """Return what waits in each queue, and how long its oldest ready job has waited."""
    if not queues:
        return Text("No queue has jobs.", style=QUIET)
    table = new_table("queue", ">ready", ">scheduled", ">running", ">oldest", expand=False)
    for queue in queues:
        waited = None if queue.oldest_ready_at is None else now - queue.oldest_ready_at
        table.add_row(
            Text(fit(queue.queue, _LONGEST_CELL)),
            count(queue.ready),
            count(queue.scheduled),
            count(queue.running),
            age(waited),
        )
    return table


def feeds_table(feeds: Sequence[FeedInfo], now: float) -> RenderableType:
    """Return what each feed has still to tell, and whether somebody reads it."""
    if not feeds:
        return Text("No feed was opened: publish_to opens one.", style=QUIET)
    table = new_table("feed*", ">waiting", ">oldest", "read", expand=False)
    for info in feeds:
        behind = None if info.oldest_at is None else max(0.0, now - info.oldest_at)
        last = Text("now", style=GOOD) if info.holder else relative(info.held_until, now)
        table.add_row(safe(info.name), count(info.waiting), age(behind), last)
    return table


def workers_table(
    workers: Sequence[WorkerInfo], now: float, *, running: Mapping[str, int] = _NOTHING
) -> RenderableType:
    """Return workers with what is left of their leases at the time `now` of the store.

    `running` tells by worker id how many jobs it holds.
    """
    if not workers:
        return Text("No workers. Start some with: ergate run", style=QUIET)
    titles = ("worker", "lease", ">jobs", ">pid", "host*", ">slots", "queues*", "started")
    table = new_table(*titles)
    for worker in workers:
        table.add_row(
            safe(worker.worker_id),
            _lease(worker.expires_at - now),
            count(running.get(worker.worker_id, 0)),
            str(worker.pid),
            safe(worker.host, QUIET),
            str(worker.concurrency),
            safe(", ".join(worker.queues) or NOTHING),
            relative(worker.started_at, now),
        )
    return table


def _lease(left_s: float) -> Text:
    if left_s > 0:
        return Text(f"{age(left_s)} left", style=GOOD)
    return Text(f"ended {age(-left_s)} ago", style=BAD)


def backends_table(backends: Sequence[Backend]) -> RenderableType:
    """Return backends with what they can be used for."""
    table = new_table("backend", "holds", "survives", "install", "what it is*")
    for backend in backends:
        halves = [("queue", backend.open_queue), ("state", backend.open_store)]
        extra = f"ergate[{backend.extra}]" if backend.extra else NOTHING
        table.add_row(
            safe(backend.name),
            " + ".join(name for name, opens in halves if opens) or NOTHING,
            safe(backend.level or NOTHING),
            safe(extra),
            safe(backend.summary, QUIET),
        )
    return table


_FINDING_STYLES: Mapping[str, str] = {"ok": GOOD, "warning": WARN, "problem": BAD}


def findings_table(findings: Sequence[Finding]) -> RenderableType:
    """Return what checks saw, each with its advice; long texts are wrapped, never cut."""
    if not findings:
        return Text("Nothing to report.", style=QUIET)
    table = new_table("", "subject", "seen*")
    table.columns[2].no_wrap = False
    for finding in findings:
        seen = safe(finding.detail)
        if finding.advice:
            seen.append("\n")
            seen.append_text(safe(f"→ {finding.advice}", _FINDING_STYLES[finding.level]))
        table.add_row(
            Text(finding.level, style=_FINDING_STYLES[finding.level]), safe(finding.subject), seen
        )
    return table


def dead_letters_table(letters: Sequence[DeadLetter], now: float) -> RenderableType:
    """Return what nobody could understand, with the reason and the beginning of its bytes."""
    if not letters:
        return Text("No dead letters.", style=QUIET)
    table = new_table("id", "queue", "when", "reason*", "body*")
    for letter in letters:
        body = letter.body[:_LONGEST_CELL].decode("utf-8", "backslashreplace")
        table.add_row(
            safe(letter.id),
            safe(letter.queue),
            relative(letter.at, now),
            Text(fit(letter.reason, _LONGEST_CELL)),
            Text(fit(body, _LONGEST_CELL), style=QUIET),
        )
    return table
