from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.display.lines import LogFormat
from ergate.display.plain import PlainDisplay
from ergate.worker import events as ev
from tests.unit.display.telling import AT, HOSTILE, any_text, every_kind, step, unprintable


def written(*events: ev.Event, log_format: LogFormat = "console", log_level: str = "debug") -> str:
    stream = io.StringIO()
    display = PlainDisplay(log_format, log_level, stream=stream)
    for event in events:
        display.show(event)
    display.close()
    return stream.getvalue()


@given(any_text)
def test_console_lines_hold_no_control_character_of_any_event(text: str) -> None:
    assert unprintable(written(*every_kind(text))) == ""


@given(any_text)
def test_json_lines_are_pure_printable_ascii(text: str) -> None:
    output = written(*every_kind(text), log_format="json")
    assert unprintable(output) == ""
    assert output.isascii()


@given(st.text())
def test_json_lines_keep_every_text_as_it_was(text: str) -> None:
    line = json.loads(written(step("failed", error=text), log_format="json"))
    assert line["error"] == text


def test_a_hostile_text_stays_within_its_line() -> None:
    assert written(step("failed", error=HOSTILE)).count("\n") == 1


def test_a_console_line_has_time_level_message_and_fields() -> None:
    line = written(step("retried", error="ValueError: no", pause_s=2.0))
    assert line.split("  ")[0] == "2025-10-09T08:53:20.000Z [warning"
    assert line.endswith(
        '] Step failed and runs again in 2.0s error="ValueError: no" job_id=job-1 workflow=order '
        "step=charge seq=0 attempt=1 run_s=0.01 wait_s=0.002 worker_id=w0 pause_s=2.0\n"
    )


def test_a_json_line_has_every_field() -> None:
    assert json.loads(written(step("completed"), log_format="json")) == {
        "timestamp": "2025-10-09T08:53:20.000Z",
        "level": "info",
        "event": "job_completed",
        "message": "Job completed",
        "job_id": "job-1",
        "workflow": "order",
        "step": "charge",
        "seq": 0,
        "attempt": 1,
        "run_s": 0.01,
        "wait_s": 0.002,
        "worker_id": "w0",
    }


def test_what_matters_less_than_the_level_is_not_written() -> None:
    events = (step("advanced"), step("completed"), step("retried"), step("failed"))
    lines = written(*events, log_format="json", log_level="warning").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["step_retried", "job_failed"]


def test_the_last_event_brings_the_summary() -> None:
    output = written(step("completed"), step("failed"), ev.RunEnded(at=AT + 2, exit_code=0))
    assert output.splitlines()[-4:-2] == [
        "Jobs      1 completed · 1 failed",
        "Steps     2 · 1/s · p50 10ms · p99 10ms",
    ]


def test_the_summary_is_one_more_json_object() -> None:
    output = written(step("completed"), ev.RunEnded(at=AT + 2, exit_code=0), log_format="json")
    summary = json.loads(output.splitlines()[-1])
    assert [summary["event"], summary["steps"], summary["steps_per_s"]] == ["summary", 1, 0.5]


def test_nothing_is_written_after_close() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream=stream)
    display.close()
    display.show(step("failed"))
    assert stream.getvalue() == ""


def test_a_reader_that_went_away_ends_nothing_but_the_writing() -> None:
    class Gone(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            raise BrokenPipeError

    stream = Gone()
    display = PlainDisplay(stream=stream)
    display.show(step("failed"))
    display.show(step("failed"))
    assert stream.writes == 1


def test_a_stream_that_knows_only_ascii_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    PlainDisplay(stream=stream).show(ev.Output(at=AT, worker_id="w", text="é"))
    assert raw.getvalue().split()[3] == b"\\xe9"


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError):
        PlainDisplay(log_level="loud", stream=io.StringIO())
