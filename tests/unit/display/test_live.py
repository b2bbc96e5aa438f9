from __future__ import annotations

import io
import re
import threading

from hypothesis import given, settings
from rich.console import Console

from ergate.display.live import KEPT_LINES, LiveDisplay, log_line
from ergate.display.wording import said
from ergate.worker import events as ev
from tests.unit.display.telling import AT, any_text, every_kind, run_started, step, unprintable

# What rich itself writes: styles, the cursor's movements, hiding and showing it, erasing a line.
_OURS = re.compile(r"\x1b\[(\d+(;\d+)*)?[mAK]|\x1b\[\?25[lh]|\x1b\[2K|\r")


def shown(*events: ev.Event, log_level: str = "info") -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=30, highlight=False)
    display = LiveDisplay(console, log_level=log_level, now=lambda: AT + 1)
    for event in events:
        display.show(event)
    display.close()
    return stream.getvalue()


def lines_of(output: str) -> list[str]:
    return [line.rstrip() for line in _OURS.sub("", output).splitlines()]


@given(any_text)
@settings(max_examples=20, deadline=None)
def test_nothing_but_our_own_sequences_reaches_the_terminal(text: str) -> None:
    assert unprintable(_OURS.sub("", shown(*every_kind(text)))) == ""


def test_lines_that_steps_print_are_shown_in_their_order() -> None:
    outputs = [ev.Output(at=AT, worker_id="w0", text=f"[red]line[/red] {n}") for n in range(3)]
    lines = [line for line in lines_of(shown(*outputs)) if "line" in line]
    assert lines == ["[red]line[/red] 0", "[red]line[/red] 1", "[red]line[/red] 2"]


def test_warnings_scroll_by_and_ordinary_endings_do_not() -> None:
    output = shown(step("completed", job_id="fine"), step("retried", pause_s=2, job_id="again"))
    assert "Step failed and runs again in 2.0s · order.charge · again" in output.replace(
        "\x1b[0m", ""
    ).replace("\x1b[2m", "")
    assert "fine" not in output


def test_the_summary_stays_on_the_screen() -> None:
    output = shown(run_started(), step("completed"), ev.RunEnded(at=AT + 2, exit_code=0))
    assert lines_of(output)[-5:] == [
        "ergate has stopped",
        "Jobs      1 completed · 0 failed",
        "Steps     1 · 0.5/s · p50 10ms · p99 10ms",
        "Failures  0 jobs · 0 retries · 0 worker deaths · 0 jobs recovered",
        "Elapsed   2.0s",
    ]


def test_the_summary_names_an_exit_code_that_is_not_zero() -> None:
    output = shown(run_started(), ev.RunEnded(at=AT, exit_code=1))
    assert "ergate has stopped with exit code 1" in lines_of(output)


def test_the_cursor_comes_back() -> None:
    output = shown(run_started())
    assert output.rfind("\x1b[?25h") > output.rfind("\x1b[?25l")


def test_in_a_flood_the_oldest_lines_are_left_out_and_counted() -> None:
    display = LiveDisplay(Console(file=io.StringIO(), force_terminal=True, width=80))
    for number in range(KEPT_LINES + 7):
        display._note(log_line(next(said(step("failed", job_id=str(number))))))
    lines = display._take_lines()
    assert lines[0].plain == "… 7 lines left out …"
    assert [lines[1].plain[-1], len(lines)] == ["7", KEPT_LINES + 1]


def test_close_may_be_repeated_and_ends_the_thread() -> None:
    before = threading.active_count()
    display = LiveDisplay(Console(file=io.StringIO(), force_terminal=True, width=80))
    display.show(run_started())
    display.close()
    display.close()
    display.show(run_started())
    assert threading.active_count() == before


def test_a_terminal_that_goes_away_ends_only_the_drawing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    display = LiveDisplay(Console(file=Gone(), force_terminal=True, width=80))
    display.show(run_started())
    display.close()
    display.show(step("failed"))


def test_events_may_come_from_many_threads() -> None:
    stream = io.StringIO()
    display = LiveDisplay(Console(file=stream, force_terminal=True, width=100, height=30))

    def tell() -> None:
        for _ in range(200):
            display.show(step("completed"))

    tellers = [threading.Thread(target=tell) for _ in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    display.close()
    assert "Jobs      800 completed · 0 failed" in lines_of(stream.getvalue())
