"""What a reply means: the declared outputs, work that is still going on, or a failure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from ergate.jobs.codec import Limits
from ergate.services.failures import (
    BadReply,
    ServiceError,
    ServiceFailure,
    ServiceMoved,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnavailable,
)
from ergate.services.fields import Data, check_values
from ergate.services.raw_reply import NoObject, RawReply
from ergate.services.secrets import masked, masked_data, told_without
from ergate.services.service import Service

_LENGTH = re.compile(r"[0-9]{1,20}")
LONGEST_EXCERPT = 200
LONGEST_BODY_SHOWN = 2000
MOST_FAULTS = 5

_KINDS: Mapping[int, type[ServiceFailure]] = {
    HTTPStatus.REQUEST_TIMEOUT: ServiceTimeout,
    HTTPStatus.GATEWAY_TIMEOUT: ServiceTimeout,
    HTTPStatus.TOO_EARLY: ServiceUnavailable,
    HTTPStatus.TOO_MANY_REQUESTS: ServiceUnavailable,
    HTTPStatus.BAD_GATEWAY: ServiceUnavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: ServiceUnavailable,
}
"""What a status says that is more than "it failed" or "you are wrong"."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: the service's declared outputs, checked, and nothing else."""

    outputs: Data
    status: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The service took the work on (202) and will tell its end at the callback address."""

    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the replies of one call; `who` is the subject of messages, `secrets` are not shown."""

    who: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    limits: Limits = field(default_factory=Limits)

    def read(
        self, service: Service, raw: RawReply, *, may_be_unfinished: bool
    ) -> Reply | Unfinished:
        """Return what a reply means; raises `ServiceFailure` when it is no good one."""
        self.check_status(raw, names=service.errors)
        if raw.status == HTTPStatus.ACCEPTED and may_be_unfinished:
            return Unfinished(raw.elapsed_s)
        if raw.status == HTTPStatus.ACCEPTED:
            raise self._failure(
                BadReply, raw, ", although it was given no address to tell the end of the work"
            )
        data = self._data(raw)
        outputs, faults = check_values(service.outputs, data, unknown="drop")
        if faults:
            # Said of masked data: a fault shows the beginning of a value, and so half a secret.
            _, faults = check_values(
                service.outputs, masked_data(data, self.secrets), unknown="drop"
            )
            told = " ".join(str(fault) for fault in faults[:MOST_FAULTS])
            raise BadReply(self._told(f"answered what it does not declare: {told}"))
        return Reply(outputs, raw.status, raw.elapsed_s)

    def check_status(self, raw: RawReply, names: tuple[str, ...] = ()) -> None:
        """Raise the `ServiceFailure` that a status stands for, unless it is one of success.

        `names` are the errors that the service declares; its reply may name one of them.
        """
        kind = _kind(raw)
        if kind is ServiceMoved:
            raise self._moved(raw)
        if kind is not None:
            name = raw.error.get("name")
            raise self._failure(kind, raw, self._excerpt(raw), name if name in names else None)

    def _data(self, raw: RawReply) -> object:
        encoding = raw.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            raise self._failure(
                BadReply, raw, f", compressed ({encoding}), which it was asked not to do"
            )
        if not raw.is_whole:
            size = raw.headers.get("content-length", "")
            much = f"{int(size):,} bytes" if _LENGTH.fullmatch(size) else "more"
            raise self._failure(
                BadReply, raw, f" with {much}, and at most {self.limits.max_bytes:,} are taken"
            )
        if not raw.body.strip():
            return {}  # a service without outputs may answer 204 and nothing
        if not raw.is_json:
            raise self._failure(BadReply, raw, f" with {raw.media_type} instead of JSON")
        try:
            return raw.json_object(self.limits)
        except NoObject as exc:
            problem = str(exc)
        # Outside of the handler: the context of an error can hold the whole body.
        raise self._failure(BadReply, raw, problem)

    def _moved(self, raw: RawReply) -> ServiceMoved:
        target = told_without(raw.headers["location"], self.secrets, LONGEST_EXCERPT)
        return ServiceMoved(
            self._told(
                f'answered {raw.status_text} and points to "{target}". Redirects are not followed: '
                "register the address where it is"
            ),
            status=raw.status,
        )

    def _failure(
        self, kind: type[ServiceFailure], raw: RawReply, why: str, name: str | None = None
    ) -> ServiceFailure:
        return kind(
            self._told(f"answered {raw.status_text}{why}"),
            name=name,
            status=raw.status,
            retry_after_s=raw.retry_after_s,
        )

    def _excerpt(self, raw: RawReply) -> str:
        text = raw.error.get("message") or raw.error.get("name")
        if text is None and raw.media_type in ("text/plain", "application/json"):
            # Masked before it is cut, or half a secret may stay at the end of what was read.
            text = masked(raw.body.decode("utf-8", "replace"), self.secrets)[:LONGEST_BODY_SHOWN]
        if not text or not text.strip():
            return ""
        return f": {told_without(text, self.secrets, LONGEST_EXCERPT)}"

    def _told(self, what: str) -> str:
        return told_without(f"{self.who} {what.rstrip('.')}.", self.secrets)


def _kind(raw: RawReply) -> type[ServiceFailure] | None:
    if raw.status in _KINDS:
        return _KINDS[raw.status]
    match raw.status // 100:
        case 2:
            return None
        case 3 if raw.headers.get("location"):
            return ServiceMoved
        case 4:
            return ServiceRefused
        case 5:
            return ServiceError
        case _:
            return BadReply
