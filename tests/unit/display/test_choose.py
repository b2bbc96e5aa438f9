from __future__ import annotations

import io

import pytest

from ergate.display.choose import Display, make_display
from ergate.display.lines import LogFormat
from ergate.display.live import LiveDisplay
from ergate.display.plain import PlainDisplay


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_terminal_that_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


def chosen(
    stream: io.StringIO, *, plain: bool = False, log_format: LogFormat = "console"
) -> Display:
    return make_display(plain=plain, log_format=log_format, log_level="info", stream=stream)


def test_a_terminal_gets_the_live_display() -> None:
    display = chosen(Terminal())
    assert isinstance(display, LiveDisplay)
    assert display.owns_terminal


def test_a_pipe_gets_lines() -> None:
    display = chosen(io.StringIO())
    assert isinstance(display, PlainDisplay)
    assert not display.owns_terminal


def test_plain_and_json_get_lines_on_a_terminal_too() -> None:
    displays = [chosen(Terminal(), plain=True), chosen(Terminal(), log_format="json")]
    assert [type(display) for display in displays] == [PlainDisplay, PlainDisplay]


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(chosen(Terminal()), PlainDisplay)


def test_a_terminal_without_unicode_gets_lines() -> None:
    stream = Terminal()
    stream.encoding = "iso8859-1"
    assert isinstance(chosen(stream), PlainDisplay)
