"""When a call that failed is made again, by the rules of its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ergate.errors import NotFoundError, UsageError
from ergate.jobs.retry import Retry
from ergate.services.failures import ANYTHING, ServiceFailure, is_lasting, names_of
from ergate.services.operations import Call
from ergate.services.policies import DEFAULT_RETRY, RetryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRetry(Retry):
    """A retry policy that looks at the names of errors.

    The first of `rules` that names an error decides about it. Attempts are counted over all
    errors of the step together. What would be the same the next time is never tried again, and
    under `*` neither is what is not worth it, such as most refusals. A service that asks to be
    left alone for a while is, up to the longest pause of the rule.
    """

    rules: tuple[RetryRule, ...] = ()

    def pause_s(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds to wait after attempt number `attempt` (from 1), or `None`."""
        rule = next((rule for rule in self.rules if _retries(rule, error)), None)
        if rule is None:
            return None
        pause_s = _policy(rule).pause_s(attempt, error)
        asked_s = error.retry_after_s if isinstance(error, ServiceFailure) else None
        if pause_s is None or asked_s is None:
            return pause_s
        return max(pause_s, min(asked_s, rule.max_interval_s))


def retry_of(call: Call) -> CallRetry:
    """Return the retry policy of a call; one that says nothing has `DEFAULT_RETRY`."""
    rules = DEFAULT_RETRY if call.retry is None else call.retry
    first = rules[0] if rules else RetryRule(errors=(ANYTHING,), attempts=1)
    return CallRetry(
        attempts=max((rule.attempts for rule in rules), default=1),
        initial_s=first.interval_s,
        factor=first.backoff,
        max_s=first.max_interval_s,
        jitter=first.jitter,
        rules=rules,
    )


def catches(names: Sequence[str], error: BaseException) -> bool:
    """Whether a list of error names has one of an error's, or `*`."""
    return ANYTHING in names or not set(names).isdisjoint(names_of(error))


def _policy(rule: RetryRule) -> Retry:
    return Retry(
        attempts=rule.attempts,
        initial_s=rule.interval_s,
        factor=rule.backoff,
        max_s=rule.max_interval_s,
        jitter=rule.jitter,
    )


def _retries(rule: RetryRule, error: BaseException) -> bool:
    # The engine itself never retries these two: the same input gives the same error.
    if is_lasting(error) or isinstance(error, UsageError | NotFoundError):
        return False
    if not set(rule.errors).isdisjoint(names_of(error)):
        return True
    is_worth_it = not isinstance(error, ServiceFailure) or error.is_worth_a_retry
    return ANYTHING in rule.errors and is_worth_it
