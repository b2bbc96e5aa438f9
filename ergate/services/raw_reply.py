"""A reply as it came over the wire, and what can be read off it without knowing the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from ergate.errors import PayloadError
from ergate.jobs.codec import Limits, checked

LONGEST_PAUSE_S = 86_400.0


class NoObject(ValueError):
    """A body is no JSON object; the text goes on after "answered 200 OK" and quotes nothing."""


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

    @property
    def retry_after_s(self) -> float | None:
        """What Retry-After asks for, in seconds or as a date, or None; never more than a day."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return min(float(text), LONGEST_PAUSE_S)
        try:
            sent, until = (
                parsedate_to_datetime(date) for date in (self.headers.get("date", ""), text)
            )
            # By the service's own clock, as ours may differ.
            return min(max(0.0, (until - sent).total_seconds()), LONGEST_PAUSE_S)
        except (TypeError, ValueError):
            return None

    @property
    def error(self) -> Mapping[str, str]:
        """The `name` and the `message` of an error, as far as the body tells them."""
        try:
            data = json.loads(self.body) if self.is_json else None
        except (ValueError, RecursionError):
            data = None
        return error_in(data) if isinstance(data, dict) else {}

    def json_object(self, limits: Limits) -> dict[str, object]:
        """Return the body, which must be a JSON object that can be stored; raises `NoObject`."""
        try:
            text = self.body.decode("utf-8-sig")
            data: object = json.loads(checked(text, limits, "its reply"))
        except UnicodeDecodeError:
            raise NoObject(" with something that is not UTF-8") from None
        except PayloadError as exc:
            raise NoObject(f" with something that is no good JSON: {exc}") from None
        if not isinstance(data, dict):
            raise NoObject(" with JSON that is not an object")
        return data


def error_in(data: Mapping[str, object]) -> Mapping[str, str]:
    """Return the `name` and the `message` of an error, as far as an object tells them.

    Read are `{"error": "Name", "message": "…"}`, `{"error": {"name": "…", "message": "…"}}`,
    and the `title` and `detail` of RFC 9457.
    """
    error = data.get("error")
    inner = error if isinstance(error, dict) else {"name": error}
    told = (inner.get("message"), data.get("message"), data.get("detail"), data.get("title"))
    message = next((text for text in told if text), None)
    found = {"name": inner.get("name"), "message": message}
    return {key: value for key, value in found.items() if isinstance(value, str)}
