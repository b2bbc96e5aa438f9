"""What a store keeps beside jobs, as plain values. Times are ISO 8601 in UTC, as in jobs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from ergate.documents.times import timestamp

if TYPE_CHECKING:
    from ergate.contracts.activity import Activity
    from ergate.contracts.feed import FeedInfo
    from ergate.contracts.state_store import DeadLetter, QueueStats, WorkerInfo
    from ergate.jobs.record import HistoryRow
    from ergate.restart import RestartPlan


def history_document(row: HistoryRow) -> dict[str, object]:
    """Return one transition; the result as the value it is, an error as its parts."""
    return asdict(row) | {
        "claimed_at": _time(row.claimed_at),
        "at": _time(row.at),
        "result": None if row.result is None else _value(row.result),
        "detail": _value(row.detail) if row.detail and row.detail.startswith("{") else row.detail,
    }


def restart_document(plan: RestartPlan) -> dict[str, object]:
    """Return what a restart would do."""
    return {
        "job_id": plan.job_id,
        "from_step": plan.step,
        "input": _value(plan.event.input_json),
        "input_edited": plan.edited,
        "kept": [{"step": one.step, "result": _value(one.result)} for one in plan.kept],
        "again": list(plan.again),
        "ahead": list(plan.ahead),
        "steps_completed": plan.event.steps_completed,
        "percent_completed": plan.event.percent,
    }


def queue_document(stats: QueueStats, now: float) -> dict[str, object]:
    """Return what waits in one queue."""
    oldest = stats.oldest_ready_at
    return asdict(stats) | {
        "oldest_ready_at": _time(oldest),
        "next_due_at": _time(stats.next_due_at),
        "oldest_age_s": None if oldest is None else round(max(0.0, now - oldest), 3),
    }


def feed_document(info: FeedInfo, now: float) -> dict[str, object]:
    """Return a feed and how far it is behind."""
    oldest = info.oldest_at
    return {
        "name": info.name,
        "is_read": info.holder is not None,
        "held_until": _time(info.held_until),
        "waiting": info.waiting,
        "oldest_at": _time(oldest),
        "behind_s": 0.0 if oldest is None else round(max(0.0, now - oldest), 3),
    }


def letter_document(letter: DeadLetter) -> dict[str, object]:
    """Return a dead letter: its body as text, or as base64 when it is no text."""
    try:
        body = {"body": letter.body.decode(), "body_base64": None}
    except UnicodeDecodeError:
        body = {"body": None, "body_base64": base64.b64encode(letter.body).decode()}
    head = {"id": letter.id, "queue": letter.queue, "reason": letter.reason}
    return {**head, "at": _time(letter.at), **body}


def activity_document(activity: Activity) -> dict[str, object]:
    """Return what ended in one span of time."""
    return asdict(activity) | {
        "at": timestamp(activity.at),
        "p50_s": _rounded(activity.p50_s),
        "p99_s": _rounded(activity.p99_s),
    }


def worker_document(worker: WorkerInfo, held: Mapping[str, int], now: float) -> dict[str, object]:
    """Return a worker with its lease and the jobs that it holds."""
    return asdict(worker) | {
        "queues": list(worker.queues),
        "started_at": _time(worker.started_at),
        "expires_at": _time(worker.expires_at),
        "lease_left_s": round(worker.expires_at - now, 3),
        "is_live": worker.expires_at > now,
        "running": sorted(held),
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(seconds)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
