"""The settings of workers and stores: name, type, default, unit and meaning of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ergate.durations import DURATION_FORM
from ergate.settings import values

if TYPE_CHECKING:
    from typing import Self

_ADDRESS = 'a backend\'s name, such as "sqlite", or a URL'
_COUNT = "a whole number, at least 1"
_DURATION = f"{DURATION_FORM}, more than zero"


def form(expected: str) -> dict[str, object]:
    """Return what says, in a field of settings, which form its value must have."""
    return {"expected": expected}


def _fifth_of_lease(data: Mapping[str, float]) -> float:
    # Four renewals may fail or come late before a live worker loses its jobs.
    return data["lease_s"] / 5


class EngineSettings(BaseSettings):
    """What workers and those who hand in jobs go by. Times are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="ERGATE_")

    app: Annotated[
        str | None,
        Field(
            description="The app to run, as `package.module:attribute` or `file.py:attribute`.",
            json_schema_extra=form("a text such as myapp:app"),
        ),
    ] = None
    queue: Annotated[
        values.AddressText | None,
        Field(
            description="Where jobs wait; none means in the state store.",
            json_schema_extra=form(_ADDRESS),
        ),
    ] = None
    state_store: Annotated[
        values.AddressText | None,
        Field(
            description="Where the truth about jobs is kept; none means SQLite in `.ergate/`.",
            json_schema_extra=form(_ADDRESS),
        ),
    ] = None
    queues: Annotated[
        values.QueueNames,
        Field(
            description="The names of the queues that workers serve.",
            json_schema_extra=form("queue names, as a list or separated by commas"),
        ),
    ] = ["default"]
    processes: Annotated[
        values.ProcessCount,
        Field(
            description="How many worker processes to run; auto means one per CPU.",
            json_schema_extra=form(f'{_COUNT}, or "auto"'),
        ),
    ] = 1
    concurrency: Annotated[
        values.Count,
        Field(
            description="How many steps each worker process runs at the same time.",
            json_schema_extra=form(_COUNT),
        ),
    ] = 1
    lease_s: Annotated[
        values.Duration,
        Field(
            description="How long a worker may be silent before others take over its jobs.",
            json_schema_extra=form(_DURATION),
        ),
    ] = 15.0
    heartbeat_s: Annotated[
        values.Duration,
        Field(
            default_factory=_fifth_of_lease,
            description="How often leases are renewed; a fifth of `lease_s` unless given.",
            json_schema_extra=form(_DURATION),
        ),
    ]
    sweep_s: Annotated[
        values.Duration,
        Field(
            description="How often to look for due jobs and for jobs of dead workers.",
            json_schema_extra=form(_DURATION),
        ),
    ] = 1.0
    republish_s: Annotated[
        values.Duration,
        Field(
            description="After how long a job is announced again to an external queue that is "
            "empty although nobody took the job.",
            json_schema_extra=form(_DURATION),
        ),
    ] = 60.0
    grace_s: Annotated[
        values.Wait,
        Field(
            description="How long running steps may go on after a stop was asked for.",
            json_schema_extra=form(DURATION_FORM),
        ),
    ] = 25.0
    max_deliveries: Annotated[
        values.Count,
        Field(
            description="How many workers a step may kill before its job fails.",
            json_schema_extra=form(_COUNT),
        ),
    ] = 3
    max_payload_bytes: Annotated[
        values.Count,
        Field(
            description="The largest input, result or context of a job, in bytes of JSON.",
            json_schema_extra=form(f"{_COUNT}, in bytes"),
        ),
    ] = 1024 * 1024
    max_payload_depth: Annotated[
        values.Count,
        Field(
            le=190,
            description="The deepest nesting of an input, result or context, in levels.",
            # pydantic writes 254 levels but reads only 200.
            json_schema_extra=form("a whole number from 1 to 190"),
        ),
    ] = 64
    hang_s: Annotated[
        values.Duration,
        Field(
            description="How long a worker process may give no sign of life before it is replaced.",
            json_schema_extra=form(_DURATION),
        ),
    ] = 60.0
    max_jobs: Annotated[
        values.OptionalCount,
        Field(
            description="After how many steps a worker process is replaced; none means never.",
            json_schema_extra=form(f'{_COUNT}, or "none"'),
        ),
    ] = None
    max_rss_mb: Annotated[
        values.OptionalCount,
        Field(
            description="The resident memory, in MiB, above which a worker process is replaced.",
            json_schema_extra=form(f'{_COUNT}, in MiB, or "none"'),
        ),
    ] = None
    retention_s: Annotated[
        values.OptionalDuration,
        Field(
            description="How long completed jobs are kept; none means for ever.",
            json_schema_extra=form(f'{_DURATION}, or "none" to keep them for ever'),
        ),
    ] = 7 * 86400.0
    timeout_s: Annotated[
        values.OptionalDuration,
        Field(
            description="How long a step may run that declares no time-out; none means no limit.",
            json_schema_extra=form(f'{_DURATION}, or "none"'),
        ),
    ] = None
    publish_to: Annotated[
        values.AddressTexts,
        Field(
            description="The journals to publish every transition of every job to, as events.",
            json_schema_extra=form(
                'addresses such as "kafka://host:9092", as a list or separated by spaces'
            ),
        ),
    ] = []
    publish_results: Annotated[
        bool,
        Field(
            description="Whether published events carry the results of steps.",
            json_schema_extra=form("true or false"),
        ),
    ] = True
    burst: Annotated[
        bool,
        Field(
            description="Whether to stop when no job is left to run.",
            json_schema_extra=form("true or false"),
        ),
    ] = False
    log_format: Annotated[
        values.LogFormat,
        Field(
            description="How log lines are written.",
            json_schema_extra=form("console or json"),
        ),
    ] = "console"
    log_level: Annotated[
        values.LogLevel,
        Field(
            description="The least severe log lines to write.",
            json_schema_extra=form("debug, info, warning or error"),
        ),
    ] = "info"
    profile: Annotated[
        str | None,
        Field(
            description="The `[profiles.NAME]` table of the settings file to apply.",
            json_schema_extra=form("the name of a profile"),
        ),
    ] = None

    @model_validator(mode="after")
    def _heartbeat_fits_lease(self) -> Self:
        if self.heartbeat_s > self.lease_s / 2:
            raise ValueError(
                f"heartbeat_s ({self.heartbeat_s:g}) must be at most half of lease_s "
                f"({self.lease_s:g}), or one late renewal costs a live worker its jobs"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values only as given: `load_settings` reads the sources and notes each origin."""
        return (init_settings,)

    @property
    def process_count(self) -> int:
        """The number of worker processes, with "auto" resolved to the CPUs this process may use."""
        return len(os.sched_getaffinity(0)) if self.processes == "auto" else self.processes
