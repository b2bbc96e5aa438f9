from __future__ import annotations

import io
from dataclasses import replace

from hypothesis import given, settings
from rich.console import RenderableType

from ergate.contracts.backend import Backend, Finding
from ergate.contracts.state_store import DeadLetter, QueueStats, WorkerInfo
from ergate.display.console import make_console
from ergate.display.fleet import (
    backends_table,
    dead_letters_table,
    findings_table,
    queues_table,
    workers_table,
)
from ergate.display.jobs import history_table, job_detail, jobs_table
from ergate.jobs.errors import JobError
from ergate.jobs.job import Job, job_from_record
from ergate.jobs.record import HistoryRow, JobRecord
from ergate.jobs.status import JobStatus
from tests.unit.display.telling import AT, HOSTILE, any_text, unprintable

RECORD = JobRecord(
    id="0192f3c8-7a10-7eb9-a2b4-3f3fe9cfb3e7",
    workflow_name="order",
    step_name="ship",
    status=JobStatus.QUEUED,
    seq=1,
    percent_completed=50,
    initial_input_value='{"card":"4711"}',
    created_at=AT - 5,
    updated_at=AT - 1,
)
ROW = HistoryRow(
    job_id="j",
    revision=1,
    event="submitted",
    status=JobStatus.QUEUED,
    seq=0,
    step_name="charge",
    next_step=None,
    attempt=0,
    worker_id=None,
    claimed_at=None,
    at=AT,
    result=None,
    detail=None,
)


def printed(renderable: RenderableType, width: int = 80) -> list[str]:
    stream = io.StringIO()
    console = make_console(stream)
    console.width = width
    console.print(renderable)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def failed_with(text: str) -> JobRecord:
    error = JobError(type=text, message=text, traceback=text, step_name=text)
    return replace(
        RECORD,
        id=text,
        workflow_name=text,
        step_name=text,
        queue=text,
        worker_id=text,
        initial_input_value=text,
        user_context=text,
        error=error.to_json(),
        status=JobStatus.FAILED,
    )


@given(any_text)
@settings(max_examples=50, deadline=None)
def test_no_table_prints_a_control_character_of_a_job(text: str) -> None:
    record = failed_with(text)
    row = replace(ROW, event=text, step_name=text, next_step=text, worker_id=text, detail=text)
    stats = QueueStats(queue=text, ready=1, scheduled=2, running=3, oldest_ready_at=None)
    worker = WorkerInfo(worker_id=text, host=text, pid=1, started_at=AT, queues=(text,))
    body = text.encode("utf-8", "surrogatepass")
    letter = DeadLetter(id=text, queue=text, body=body, reason=text, at=AT)
    finding = Finding(level="problem", subject=text, detail=text, advice=text)
    tables = (
        jobs_table([record], AT, width=120),
        job_detail(record, AT),
        history_table([row, replace(row, detail=None, result=text)]),
        queues_table([stats], AT),
        workers_table([worker], AT),
        dead_letters_table([letter], AT),
        findings_table([finding]),
        backends_table([Backend(name=text, summary=text, level=text, extra=text)]),
    )
    assert [unprintable("\n".join(printed(table, 120))) for table in tables] == [""] * len(tables)


def test_a_list_of_jobs_shows_whole_ids_on_a_narrow_terminal() -> None:
    line = printed(jobs_table([RECORD], AT))[1]
    assert line.split("  ", 3)[:3] == [RECORD.id, "queued", "order.ship"]
    assert line.split()[3:] == ["50%", "5s", "ago"]


def test_a_wide_list_of_jobs_shows_their_errors_cut_to_fit() -> None:
    error = JobError(type="ValueError", message="no " * 100)
    record = replace(RECORD, status=JobStatus.FAILED, error=error.to_json())
    line = printed(jobs_table([record], AT, width=120), 120)[1]
    assert "ValueError: no no" in line
    assert line.endswith("…")


def test_a_list_of_nothing_says_so() -> None:
    assert printed(jobs_table([], AT)) == ["No jobs."]


def test_a_job_and_its_record_look_the_same() -> None:
    job = job_from_record(RECORD, Job)
    assert printed(job_detail(job, AT)) == printed(job_detail(RECORD, AT))


def test_a_job_in_detail_shows_its_payload_with_one_value_per_line() -> None:
    lines = printed(job_detail(RECORD, AT))
    assert lines[lines.index("input") + 1 :] == ["  {", '    "card": "4711"', "  }"]


def test_the_fields_of_a_subclass_are_shown() -> None:
    class Order(Job):
        tenant: str = "acme"

    lines = printed(job_detail(job_from_record(RECORD, Order), AT))
    assert '    "tenant": "acme"' in lines[lines.index("own fields") :]


def test_an_error_is_shown_with_its_traceback() -> None:
    error = JobError(
        type="ValueError", message="no", traceback="Traceback\n  here", step_name="pay"
    )
    lines = printed(job_detail(replace(RECORD, error=error.to_json()), AT))
    assert lines[lines.index("error in step pay") :] == [
        "error in step pay",
        "  ValueError: no",
        "",
        "  Traceback",
        "    here",
    ]


def test_a_huge_payload_is_cut_and_says_where_all_of_it_is() -> None:
    record = replace(RECORD, initial_input_value=f'"{"x" * 10_000}"')
    assert printed(job_detail(record, AT))[-1] == "  … 6,002 more characters; --json prints them"


def test_a_payload_that_is_no_json_is_shown_as_it_is() -> None:
    record = replace(RECORD, initial_input_value="garbage\x1b[2J")
    assert printed(job_detail(record, AT))[-1] == r"  garbage\x1b[2J"


def test_history_shows_when_what_happened_and_how_long_it_ran() -> None:
    applied = replace(
        ROW,
        event="applied",
        next_step="ship",
        worker_id="w1",
        claimed_at=AT + 1,
        at=AT + 1.2,
        result='{"receipt":1}',
    )
    lines = [line.split("  ") for line in printed(history_table([ROW, applied]), 120)]
    cells = [cell.strip() for cell in lines[2] if cell.strip()]
    assert cells == [
        "+1.2s",
        "applied",
        "charge → ship",
        "queued",
        "200ms",
        "w1",
        'returned {"receipt":1}',
    ]


def test_history_reads_an_error_in_its_detail() -> None:
    detail = JobError(type="ValueError", message=HOSTILE[:4]).to_json()
    assert r"ValueError: \x1b[2J" in printed(history_table([replace(ROW, detail=detail)]), 120)[1]


def test_a_worker_is_shown_with_what_is_left_of_its_lease_and_its_jobs() -> None:
    live = WorkerInfo(worker_id="w1", host="box", pid=1, started_at=AT, expires_at=AT + 9)
    ended = replace(live, worker_id="w2", expires_at=AT - 90)
    lines = printed(workers_table([live, ended], AT, running={"w1": 3}))[1:]
    assert [" ".join(line.split()[:5]) for line in lines] == [
        "w1 9s left 3 1",
        "w2 ended 1m30s ago 0",
    ]


def test_a_finding_comes_with_its_advice() -> None:
    finding = Finding(level="warning", subject="journal", detail="It is slow.", advice="Use WAL.")
    lines = [line.strip() for line in printed(findings_table([finding]))[1:]]
    assert lines == ["warning  journal  It is slow.", "→ Use WAL."]


def test_a_backend_tells_what_it_can_hold() -> None:
    backend = Backend(
        name="redis",
        summary="Redis",
        level="L1",
        extra="redis",
        open_store=lambda address, clock: NotImplemented,
        open_queue=lambda address, clock: NotImplemented,
    )
    assert printed(backends_table([backend]))[1] == (
        "redis    queue + state  L1        ergate[redis]  Redis"
    )
