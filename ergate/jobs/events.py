"""What can happen to a job: the input of `ergate.jobs.transitions.apply`."""

from __future__ import annotations

from dataclasses import dataclass

# --- the outcomes of one step, as a worker settles them ---------------------------------------


@dataclass(frozen=True, slots=True)
class Advanced:
    """The step returned, or steered to a later one: that step is next."""

    result: str
    step: int
    step_name: str
    queue: str
    percent: float
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """The step returned; the later step waits for `due_at`, or else for `pause_s` seconds."""

    move: Advanced
    pause_s: float = 0.0
    due_at: float | None = None
    """In seconds since 1970, on the store's clock."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The last step returned, or a step raised `GoToEnd`."""

    result: str


@dataclass(frozen=True, slots=True)
class Retried:
    """The step failed and tries again after `pause_s` seconds."""

    error: str
    pause_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The step failed and may not try again."""

    error: str


@dataclass(frozen=True, slots=True)
class Aborted:
    """The step raised `AbortJob`."""

    error: str


@dataclass(frozen=True, slots=True)
class Released:
    """The step never started: the claim goes back and its delivery is not counted."""


@dataclass(frozen=True, slots=True)
class Unroutable:
    """This worker does not know the workflow or the step: back after `pause_s`, not counted."""

    reason: str
    pause_s: float


Outcome = Advanced | Deferred | Completed | Retried | Failed | Aborted | Released | Unroutable


# --- the events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker takes the job as it was at `revision`."""

    worker_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """The holder of a claim writes the outcome; refused unless worker and revision still match."""

    job_id: str
    worker_id: str
    revision: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RecoveryPolicy:
    """What becomes of jobs whose worker died."""

    max_deliveries: int = 3
    pause_initial_s: float = 1.0
    pause_factor: float = 4.0
    pause_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker that held the job is gone.

    `blame` is True when the step had started, False when it certainly had not (or was stopped on
    purpose), None when nobody can know: then the delivery counts, and the job runs alone next.
    """

    worker_id: str
    blame: bool | None
    reason: str
    policy: RecoveryPolicy = RecoveryPolicy()


@dataclass(frozen=True, slots=True)
class CameDue:
    """The time that a SCHEDULED job waited for has come."""


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A person wants the job cancelled."""


@dataclass(frozen=True, slots=True)
class RestartAsked:
    """A person wants an ended job to run again from `step`, with its old input or an edit."""

    step: int
    step_name: str | None
    steps_completed: int
    percent: float
    queue: str
    input_json: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Departed:
    """A waiting job leaves this store for another one: nobody may claim it here any more."""

    destination: str
    """Where to, as people are shown it: without secrets."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A job that departed is accepted where it went, and waits there as it did before."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a SCHEDULED job waits for has come from outside: its step runs now, with that input."""

    seq: int
    """Where the job waits. What comes for an earlier step, or a second time, is refused."""
    input_json: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """Somebody outside still works for a SCHEDULED job: it waits until `due_at` instead."""

    seq: int
    due_at: float
    """In seconds since 1970, on the store's clock; may also be earlier than before."""


Event = (
    Claim
    | Settlement
    | WorkerDied
    | CameDue
    | CancelAsked
    | RestartAsked
    | Departed
    | Arrived
    | Delivered
    | Postponed
)
