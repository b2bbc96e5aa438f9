"""How a job's failure is kept."""

from __future__ import annotations

import json
import traceback as tracebacks
from collections.abc import Sequence
from dataclasses import asdict, dataclass

MAX_TEXT = 20_000
"""Characters kept of a message or a traceback; a longer text loses its middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed, was aborted, or waits for a retry."""

    type: str
    message: str
    traceback: str | None = None
    step_name: str | None = None

    def to_json(self) -> str:
        """Return the error as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> JobError:
        """Read what `to_json` wrote; anything else becomes an error that shows it."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return cls(type="Unreadable", message=shortened(text))

    @classmethod
    def from_exception(
        cls, error: BaseException, *, step_name: str | None, hide: Sequence[str] = ()
    ) -> JobError:
        """Describe `error`; frames from files whose path starts with one of `hide` are left out."""
        stack = tracebacks.TracebackException.from_exception(error)
        _hide_frames(stack, tuple(hide))
        return cls(
            type=type(error).__qualname__,
            message=shortened(_message(error)),
            traceback=shortened("".join(stack.format())),
            step_name=step_name,
        )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as exc:  # noqa: BLE001  a user's __str__ must not hide the user's error
        return f"(its message could not be made: {type(exc).__name__})"


def _hide_frames(stack: tracebacks.TracebackException | None, hide: tuple[str, ...]) -> None:
    while stack is not None and hide:
        kept = [frame for frame in stack.stack if not frame.filename.startswith(hide)]
        stack.stack = tracebacks.StackSummary.from_list(kept)
        stack = stack.__cause__ or stack.__context__


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text`, or its first and last part when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
