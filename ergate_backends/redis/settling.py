"""Settlements: what steps returned in one script, other outcomes as plain transitions."""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.state_store import Settled
from ergate.errors import CorruptRecord
from ergate.jobs.events import Advanced, Completed, Settlement
from ergate.jobs.status import JobStatus
from ergate.jobs.ticket import Ticket
from ergate.jobs.transitions import Rejection, landed
from ergate_backends.redis.ordering import play, row_at
from ergate_backends.redis.server import Argument, Server


def settle(server: Server, settlements: Sequence[Settlement]) -> Settled:
    """Write outcomes; one that landed before is as good as written now."""
    applied = [s for s in settlements if isinstance(s.outcome, Advanced | Completed)]
    others = [s for s in settlements if not isinstance(s.outcome, Advanced | Completed)]
    refused: list[Settlement] = []
    ready: list[Ticket] = []
    for settlement, word in zip(applied, _apply(server, applied), strict=True):
        outcome = settlement.outcome
        if word == b"done" and isinstance(outcome, Advanced):
            ready.append(Ticket(settlement.job_id, settlement.revision + 1, outcome.queue))
        elif word == b"late":
            refused.append(settlement)
        elif word == b"other":
            others.append(settlement)
        elif word == b"doubled":
            raise CorruptRecord(f"Job {settlement.job_id} already has an outcome of this step.")
    return _settle_others(server, others, refused, ready)


def _apply(server: Server, settlements: Sequence[Settlement]) -> Sequence[bytes]:
    arguments: list[Argument] = []
    for settlement in settlements:
        outcome = settlement.outcome
        arguments += (settlement.job_id, settlement.worker_id, settlement.revision)
        if isinstance(outcome, Advanced):
            fingerprint = outcome.fingerprint or ""
            arguments += (outcome.result, outcome.step, outcome.step_name, outcome.queue)
            arguments += (repr(float(outcome.percent)), fingerprint)
        else:
            assert isinstance(outcome, Completed)
            arguments += (outcome.result, "", "", "", "", "")
    if not settlements:
        return []
    words: Sequence[bytes] = server.run("settle", *arguments, repeatable=True)
    return words


def _settle_others(
    server: Server,
    settlements: Sequence[Settlement],
    refused: list[Settlement],
    ready: list[Ticket],
) -> Settled:
    statuses: dict[str, JobStatus] = {}
    for wave in _waves(settlements):
        played = play(server, list(wave), lambda job, wave=wave: wave[job.id])  # type: ignore[misc]
        for settlement in wave.values():
            _, after = played[settlement.job_id]
            if isinstance(after, Rejection):
                row = row_at(server, settlement)
                if row is None or not landed(row, settlement):
                    refused.append(settlement)
            elif after.status is JobStatus.QUEUED:
                ready.append(Ticket(after.id, after.revision, after.queue))
            elif after.status is JobStatus.CANCELLED:
                statuses[after.id] = after.status
    return Settled(refused=refused, ready=ready, statuses=statuses)


def _waves(settlements: Sequence[Settlement]) -> list[dict[str, Settlement]]:
    """Return the settlements in groups of which each names a job once, in their order."""
    waves: list[dict[str, Settlement]] = []
    for settlement in settlements:
        for wave in waves:
            if settlement.job_id not in wave:
                wave[settlement.job_id] = settlement
                break
        else:
            waves.append({settlement.job_id: settlement})
    return waves
