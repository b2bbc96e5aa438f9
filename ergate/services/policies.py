"""What becomes of a call that fails: when it is tried again, and where it leads else."""

from __future__ import annotations

import pydantic
from pydantic import ConfigDict

from ergate.services.document import Document, ErrorName, FieldName, Listed, Name

LONGEST_PAUSE_S = 366 * 86_400
MOST_NAMES = 50


class RetryRule(Document):
    """How often and how soon a call is tried again after some errors."""

    model_config = ConfigDict(title="Retry rule")

    errors: Listed[ErrorName] = pydantic.Field(
        description="Names of errors, or * for all that may pass.",
        examples=[["ServiceUnavailable", "ServiceTimeout"], ["*"]],
        min_length=1,
        max_length=MOST_NAMES,
    )
    attempts: int = pydantic.Field(
        default=3,
        description="How often the call is made at most, the first time included.",
        ge=1,
        le=1_000,
    )
    interval_s: float = pydantic.Field(
        default=1.0, description="Seconds before the second attempt.", ge=0, le=LONGEST_PAUSE_S
    )
    backoff: float = pydantic.Field(
        default=2.0, description="How many times longer each further pause is.", ge=1, le=100
    )
    max_interval_s: float = pydantic.Field(
        default=300.0, description="The longest pause, in seconds.", ge=0, le=LONGEST_PAUSE_S
    )
    jitter: float = pydantic.Field(
        default=0.1,
        description="By which share a pause is changed at random: 0.1 is up to 10 % either way.",
        ge=0,
        le=1,
    )


class CatchRule(Document):
    """Where some errors lead once the call is not tried again."""

    model_config = ConfigDict(title="Catch rule")

    errors: Listed[ErrorName] = pydantic.Field(
        description="Names of errors, or * for all.",
        examples=[["CardDeclined"], ["*"]],
        min_length=1,
        max_length=MOST_NAMES,
    )
    next: Name = pydantic.Field(description="The state that follows then.", examples=["sorry"])
    output: FieldName = pydantic.Field(
        default="error",
        description="What the error is called in the data: an object with the texts name, "
        "message, state and service.",
    )


DEFAULT_RETRY = (
    RetryRule(
        errors=("ServiceUnavailable", "ServiceTimeout"), attempts=6, interval_s=1.0, backoff=2.0,
        max_interval_s=60.0, jitter=0.1,
    ),
)  # fmt: skip
"""For calls that do not say: about 31 seconds, after which a service that restarts is back."""
