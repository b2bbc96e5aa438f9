"""What the server logs: requests without what may be secret, and everything as one line."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

from ergate.display.lines import LogFormat
from ergate.display.log_records import logging_lines
from tests.unit.display.telling import unprintable

HOSTILE = "\x1b[2J\u202e"


def logged(
    *records: logging.LogRecord, log_format: LogFormat = "json", log_level: str = "debug"
) -> str:
    stream = io.StringIO()
    with logging_lines(log_format, log_level, stream):
        for record in records:
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
    return stream.getvalue()


def request(path: str, status: int = 200) -> logging.LogRecord:
    args = ("127.0.0.1:4242", "GET", path, "1.1", status)
    text = '%s - "%s %s HTTP/%s" %d'
    return logging.LogRecord("uvicorn.access", logging.INFO, "", 0, text, args, None)


def record(
    name: str = "ergate",
    level: int = logging.INFO,
    text: str = "it works",
    *,
    exc_info: Any = None,
    **more: object,
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, "", 0, text, None, exc_info)
    vars(made).update(more)
    return made


def test_a_request_is_told_by_its_parts() -> None:
    line = json.loads(logged(request("/api/v1/jobs", 503)))
    del line["timestamp"]
    assert line == {
        "level": "info",
        "event": "request",
        "message": "GET /api/v1/jobs",
        "status": 503,
        "peer": "127.0.0.1",
    }


def test_what_may_be_secret_in_an_address_is_left_out() -> None:
    written = logged(request("/api/v1/jobs?text=canary"), request("/c/canary/x?canary"))
    assert "canary" not in written
    assert "GET /c/***" in written


def test_requests_that_nobody_wants_to_read_are_for_debugging() -> None:
    quiet = [request("/healthcheck", 204), request("/static/style/base.css")]
    assert logged(*quiet, log_level="info") == ""
    assert logged(*quiet).count("\n") == 2


def test_others_are_heard_from_warnings_on() -> None:
    quiet = [record("httpx"), record("uvicorn.error")]
    assert logged(*quiet, log_level="info") == ""
    loud = [record("httpx", logging.WARNING), record("uvicorn.error", logging.ERROR)]
    assert logged(*loud, log_level="info").count("\n") == 2


def test_a_record_may_have_a_name_and_fields() -> None:
    line = json.loads(logged(record(ergate_event="serving", ergate_fields={"token": True})))
    assert (line["event"], line["message"], line["token"]) == ("serving", "it works", True)


def test_nothing_in_a_record_obeys_in_a_terminal() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        failed = record(text=HOSTILE, level=logging.ERROR, exc_info=sys.exc_info())
    hostile = [failed, request(f"/{HOSTILE}"), record(ergate_fields={"name": HOSTILE})]
    people = logged(*hostile, log_format="console")
    assert unprintable(people) == ""
    assert "\nTraceback (most recent call last):\n" in people
    machines = [json.loads(line) for line in logged(*hostile).splitlines()]
    assert machines[0]["exception"].endswith(f"ValueError: {HOSTILE}")


def test_logging_is_left_as_it_was() -> None:
    loggers = [logging.getLogger(name) for name in (None, "ergate", "uvicorn.access")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    logged(record())
    assert [(logger.level, list(logger.handlers)) for logger in loggers] == before
