from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from ergate.display.console import make_console
from ergate.display.demo import demo_view
from ergate.display.panels import screen
from ergate.display.state import View, apply
from ergate.worker import events as ev
from tests.unit.display.telling import (
    AT,
    any_text,
    every_kind,
    run_started,
    step,
    unprintable,
    worker_started,
)


def drawn(view: View, now: float = AT + 1, *, width: int = 80, height: int = 24) -> list[str]:
    console = make_console(io.StringIO())
    console.size = (width, height)
    console.print(screen(view, now, width=width, height=height))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def view_of(*events: ev.Event) -> View:
    view = View()
    for event in events:
        apply(view, event)
    return view


@given(any_text)
@settings(max_examples=50)
def test_the_screen_holds_no_control_character_of_any_event(text: str) -> None:
    *events, _left, _stopping, _ended = every_kind(text)
    view = view_of(*events)
    for size in ((80, 24), (120, 40)):
        lines = drawn(view, width=size[0], height=size[1])
        assert unprintable("".join(lines)) == ""


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_the_screen_fits_any_terminal_of_20_lines_and_more(
    workers: int, queues: int, failures: int, troubles: int
) -> None:
    view = view_of(
        run_started(),
        *(worker_started(number) for number in range(workers)),
        ev.QueuesSeen(at=AT, queues=tuple((f"q{n}", n, 0, 0, None) for n in range(queues))),
        *(step("failed", error="x") for _ in range(failures)),
        *(ev.Trouble(at=AT, what=f"t{n}") for n in range(troubles)),
    )
    for width, height in ((80, 20), (80, 24), (120, 40), (200, 60)):
        lines = drawn(view, width=width, height=height)
        assert len(lines) <= height
        assert max(len(line) for line in lines) <= width


def test_of_a_hundred_workers_those_that_fit_are_shown_and_the_rest_is_counted() -> None:
    lines = drawn(view_of(run_started(), *(worker_started(n) for n in range(100))))
    shown = [line for line in lines if line.split()[1:2] and line.split()[1].startswith("1")]
    (more,) = [line.strip() for line in lines if "more" in line]
    assert more == f"… and {100 - len(shown)} more"
    assert len(lines) == 24


def test_a_small_terminal_gets_a_header_without_a_box() -> None:
    view, now = demo_view()
    assert drawn(view, now)[0].startswith("ergate · 4 processes x 8 · 1m16s · relayed · L2")
    assert drawn(view, now, width=120, height=40)[0].startswith("╭─ ergate")


def test_the_header_names_one_address_when_queue_and_state_share_it() -> None:
    text = "\n".join(drawn(view_of(run_started())))
    assert "queue and state  sqlite:///a.db" in text
    assert "native · L2 (survives power loss)" in text


def test_a_worker_shows_its_longest_running_step_and_how_many_more_it_runs() -> None:
    steps = (("j1", "order", "ship", 1.0), ("j2", "order", "charge", 65.0))
    view = view_of(
        worker_started(),
        ev.WorkerReady(at=AT, worker_id="w0", pid=100),
        ev.Running(at=AT, worker_id="w0", steps=steps),
    )
    (line,) = [line for line in drawn(view) if "order" in line]
    assert line.split() == ["0", "100", "busy", "0", "1m06s", "order.charge", "+1"]


def test_the_newest_failure_comes_first() -> None:
    view = view_of(step("failed", error="old"), step("failed", error="new", at=AT + 1))
    lines = drawn(view, AT + 3)
    assert [line.split()[-1] for line in lines if "order.charge" in line] == ["new", "old"]


def test_a_stop_counts_down_and_tells_how_to_stop_at_once() -> None:
    view = view_of(run_started(), ev.Stopping(at=AT, reason="SIGINT", grace_s=25))
    assert drawn(view, AT + 5)[-1] == (
        "Stopping: running steps have 20s left · Ctrl-C again stops at once"
    )


def test_the_footer_tells_how_to_stop() -> None:
    assert drawn(view_of(run_started()))[-1] == "Ctrl-C stops gracefully, again stops at once"


def test_no_color_leaves_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    view, now = demo_view()
    Console(file=stream, force_terminal=True, width=80).print(
        screen(view, now, width=80, height=24)
    )
    codes = {code.split("m")[0] for code in stream.getvalue().split("\x1b[")[1:]}
    assert codes <= {"0", "1", "2"}  # plain, bold and dim


def test_the_header_tells_where_events_go_if_they_go_anywhere() -> None:
    told = drawn(view_of(run_started(publish_to=("kafka://k1", "rabbitmq"))))
    assert [line.split("events to")[1].strip(" │") for line in told if "events to" in line] == [
        "kafka://k1, rabbitmq"
    ]
    assert "events to" not in "".join(drawn(view_of(run_started())))
