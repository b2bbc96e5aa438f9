"""What the server logs, as lines like those of workers; secrets in addresses are left out."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from ergate.display.escape import escape
from ergate.display.lines import Lines, LogFormat
from ergate.display.wording import DEBUG, ERROR, INFO, WARNING, Said, level_number

ACCESS = "uvicorn.access"
EVENT, FIELDS = "ergate_event", "ergate_fields"
"""Attributes of records that have a name and fields, as in `extra={EVENT: …, FIELDS: …}`."""
_ACCESS_PARTS = 5
_QUIET = re.compile(r"/healthcheck|/static/.*")
_SECRET = re.compile(r"(/c/).+")
# Others tell too much: the libraries that call services log each address.
_OTHERS_FROM = WARNING


class LogLines(logging.Handler):
    """Writes log records as lines of a stream."""

    def __init__(self, log_format: LogFormat, log_level: str, stream: TextIO) -> None:
        super().__init__(level_number(log_level))
        self._lines = Lines(log_format, stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it matters less than the level asked for."""
        item = told(record)
        if item.level < self.level:
            return
        trace = _trace(record)
        if self._lines.is_json:
            fields = {**item.fields, "exception": "\n".join(trace)} if trace else item.fields
            self._lines.write([self._lines.line(replace(item, fields=fields))])
        else:
            self._lines.write([self._lines.line(item), *map(escape, trace)])


def told(record: logging.LogRecord) -> Said:
    """Return what a record says; one of a request has its parts as fields, without its query."""
    args = record.args
    if record.name == ACCESS and isinstance(args, tuple) and len(args) == _ACCESS_PARTS:
        return _request(record.created, *args)
    fields = dict(getattr(record, FIELDS, {}))
    name = getattr(record, EVENT, "log")
    return Said(record.created, _level(record.levelno), name, record.getMessage().strip(), fields)


def _request(
    at: float, peer: object, method: object, path: object, _version: object, status: object
) -> Said:
    plain = _SECRET.sub(r"\1***", str(path).partition("?")[0])
    fields = {"status": status, "peer": str(peer).rpartition(":")[0]}
    level = DEBUG if _QUIET.fullmatch(plain) else INFO
    return Said(at, level, "request", f"{method} {plain}", fields)


def _trace(record: logging.LogRecord) -> list[str]:
    """Return the lines of a record's traceback, if it has one."""
    if not record.exc_info:
        return []
    return "".join(traceback.format_exception(*record.exc_info)).rstrip().split("\n")


def _level(number: int) -> int:
    return max((known for known in (INFO, WARNING, ERROR) if known <= number), default=DEBUG)


@contextmanager
def logging_lines(log_format: LogFormat, log_level: str, stream: TextIO) -> Iterator[None]:
    """Write what is logged within the block to a stream, and leave logging as it was."""
    handler = LogLines(log_format, log_level, stream)
    root = logging.getLogger()
    levels = {
        root: max(_OTHERS_FROM, handler.level),
        logging.getLogger("ergate"): handler.level,
        logging.getLogger(ACCESS): handler.level,
        # Its news is told by the server in words of our own.
        logging.getLogger("uvicorn.error"): handler.level if handler.level == DEBUG else WARNING,
    }
    before = {logger: logger.level for logger in levels}
    root.addHandler(handler)
    _set(levels)
    try:
        yield
    finally:
        root.removeHandler(handler)
        _set(before)


def _set(levels: Mapping[logging.Logger, int]) -> None:
    for logger, level in levels.items():
        logger.setLevel(level)
