"""A step whose own writes and whose outcome are one transaction."""

from __future__ import annotations

import logging
from dataclasses import replace

from ergate.brokers.broker import Broker
from ergate.contracts.state_store import Settled
from ergate.errors import BackendUnavailable, Unsupported, UsageError
from ergate.failpoints import failpoint
from ergate.jobs.events import Advanced, Completed, Deferred, Outcome, Released, Settlement
from ergate.worker.runner import Runner, StepRun

log = logging.getLogger("ergate")


class _RollBack(Exception):
    """Ends the transaction without any trace of the step's writes."""


def run_in_transaction(
    runner: Runner, broker: Broker, run: StepRun
) -> tuple[Outcome, Settled | None]:
    """Run a step with the store's connection; return its outcome, and what became of it.

    When the step returned, its writes and its outcome are committed together. When it failed, its
    writes are gone and the outcome is still to be settled. When nobody knows whether the commit
    landed, the claim is given back: if it had landed, that is refused.
    """
    outcome: Outcome = Released()
    settled: Settled | None = None
    try:
        with broker.transaction() as transaction:
            outcome = runner.run(replace(run, connection=transaction.connection))
            if not isinstance(outcome, Advanced | Deferred | Completed):
                raise _RollBack
            settled = transaction.settle(_settlement(run, outcome))
            failpoint("after_step")
            if settled.refused:
                raise _RollBack
    except _RollBack:
        return outcome, settled
    except Unsupported:
        return runner.run(run), None  # which says that it cannot have a connection
    except UsageError as exc:  # the step ended the transaction, or broke it and went on
        return runner.raised(run, exc), None
    except BackendUnavailable as exc:
        log.warning("The transaction of %s may not have been written: %s", run.what, exc)
        return Released(), None
    broker.settled(settled)
    return outcome, settled


def _settlement(run: StepRun, outcome: Outcome) -> Settlement:
    claim = run.claim
    return Settlement(claim.id, claim.worker_id or "", claim.revision, outcome)
