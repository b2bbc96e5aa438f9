"""What a reply means: the declared outputs, work that is still going on, or a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NoReturn

from ergate.errors import PayloadError
from ergate.jobs.codec import Limits, checked
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
from ergate.services.secrets import masked_data, told_without
from ergate.services.service import Service

_LENGTH = re.compile(r"[0-9]{1,20}")
LONGEST_EXCERPT = 200
LONGEST_PAUSE_S = 86_400.0
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
class RawReply:
    """A reply as it came over the wire; header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_whole: bool
    """Whether `body` is all of it."""
    elapsed_s: float

    @property
    def status_text(self) -> str:
        """The status with the words that the standard has for it, not the service's own."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, or an empty text."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body is said to be JSON, or nothing is said."""
        kind = self.media_type
        return kind in ("", "application/json") or kind.endswith("+json")


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
            self._fail(
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
            self._fail_moved(raw)
        if kind is not None:
            error = _error_of(raw)
            name = error.get("name")
            self._fail(kind, raw, self._excerpt(raw, error), name if name in names else None)

    def _data(self, raw: RawReply) -> object:
        encoding = raw.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            self._fail(BadReply, raw, f", compressed ({encoding}), which it was asked not to do")
        if not raw.is_whole:
            size = raw.headers.get("content-length", "")
            much = f"{int(size):,} bytes" if _LENGTH.fullmatch(size) else "more"
            self._fail(
                BadReply, raw, f" with {much}, and at most {self.limits.max_bytes:,} are taken"
            )
        if not raw.body.strip():
            return {}  # a service without outputs may answer 204 and nothing
        if not raw.is_json:
            self._fail(BadReply, raw, f" with {raw.media_type} instead of JSON")
        return self._parsed(raw)

    def _parsed(self, raw: RawReply) -> object:
        try:
            text = raw.body.decode("utf-8-sig")
            data: object = json.loads(checked(text, self.limits, "its reply"))
        except UnicodeDecodeError:
            self._fail(BadReply, raw, " with something that is not UTF-8")
        except PayloadError as exc:
            self._fail(BadReply, raw, f" with something that is no good JSON: {exc}")
        if not isinstance(data, dict):
            self._fail(BadReply, raw, " with JSON that is not an object")
        return data

    def _fail_moved(self, raw: RawReply) -> NoReturn:
        target = told_without(raw.headers["location"], self.secrets, LONGEST_EXCERPT)
        raise ServiceMoved(
            self._told(
                f'answered {raw.status_text} and points to "{target}". Redirects are not followed: '
                "register the address where it is"
            ),
            status=raw.status,
        )

    def _fail(
        self, kind: type[ServiceFailure], raw: RawReply, why: str, name: str | None = None
    ) -> NoReturn:
        raise kind(
            self._told(f"answered {raw.status_text}{why}"),
            name=name,
            status=raw.status,
            retry_after_s=_retry_after_s(raw),
        )

    def _excerpt(self, raw: RawReply, error: Mapping[str, str]) -> str:
        text = error.get("message") or error.get("name")
        if text is None and raw.media_type in ("text/plain", "application/json"):
            text = raw.body.decode("utf-8", "replace")
        if not text or not text.strip():
            return ""
        # Masked before it is cut, or half a secret may stay.
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


def _error_of(raw: RawReply) -> Mapping[str, str]:
    """Return `name` and `message` of an error as a reply tells it, as far as it does.

    Read are `{"error": "Name", "message": "…"}` and `{"error": {"name": "…", "message": "…"}}`,
    and the `title` and `detail` of RFC 9457.
    """
    if not raw.is_json:
        return {}
    try:
        data = json.loads(raw.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    error = data.get("error")
    inner = error if isinstance(error, dict) else {"name": error}
    found = {
        "name": inner.get("name"),
        "message": inner.get("message")
        or data.get("message")
        or data.get("detail")
        or data.get("title"),
    }
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _retry_after_s(raw: RawReply) -> float | None:
    """Return what Retry-After asks for, in seconds or as a date, or None; never more than a day."""
    text = raw.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_PAUSE_S)
    try:
        sent, until = (parsedate_to_datetime(t) for t in (raw.headers.get("date", ""), text))
        # By the service's own clock, as ours may differ.
        return min(max(0.0, (until - sent).total_seconds()), LONGEST_PAUSE_S)
    except (TypeError, ValueError):
        return None
