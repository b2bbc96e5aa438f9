"""The few colours that we use: legible on dark and on light terminals, gone with NO_COLOR."""

from __future__ import annotations

from collections.abc import Mapping

from ergate.display.wording import DEBUG, ERROR, INFO, WARNING

GOOD = "green"
BAD = "bold red"
# Plain yellow cannot be read on white; this orange can be read on both.
WARN = "dark_orange3"
BUSY = "cyan"
QUIET = "dim"
TITLE = "bold"

LEVEL_STYLES: Mapping[int, str] = {DEBUG: QUIET, INFO: "", WARNING: WARN, ERROR: BAD}

STATUS_STYLES: Mapping[str, str] = {
    "pending": QUIET,
    "scheduled": "magenta",
    "queued": "",
    "running": BUSY,
    "cancelling": WARN,
    "completed": GOOD,
    "failed": BAD,
    "aborted": WARN,
    "cancelled": QUIET,
}

WORKER_STYLES: Mapping[str, str] = {
    "starting": QUIET,
    "idle": "",
    "busy": GOOD,
    "silent": WARN,
    "leaving": QUIET,
    "waiting": WARN,
    "gone": QUIET,
}
