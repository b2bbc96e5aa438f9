from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.display.console import make_console
from ergate.display.escape import encodable, escape, escape_lines, fit, safe
from tests.unit.display.telling import any_text, unprintable


def test_a_printable_text_stays_as_it_is() -> None:
    assert escape("naïve 日本 [bold] 🙂 \\") == "naïve 日本 [bold] 🙂 \\"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b\x7f\x00", r"\x9b\x7f\x00"),
        ("\u202eabc", r"\u202eabc"),
        ("a\u200bb\u2028", r"a\u200bb\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\xa0", r"\xa0"),
    ],
)
def test_what_is_not_printable_becomes_a_visible_escape(text: str, expected: str) -> None:
    assert escape(text) == expected


@given(any_text)
def test_nothing_unprintable_is_left(text: str) -> None:
    assert escape(text).isprintable()


@given(any_text)
def test_lines_of_a_longer_text_hold_nothing_unprintable(text: str) -> None:
    assert all(line.isprintable() for line in escape_lines(text))


def test_lines_keep_their_breaks_and_their_tabs_become_spaces() -> None:
    assert escape_lines("a\n\tb\x1b\n") == ["a", r"    b\x1b"]


@given(any_text, st.integers(1, 50))
def test_a_fitted_text_is_printable_and_not_too_long(text: str, width: int) -> None:
    fitted = fit(text, width)
    assert len(fitted) <= width
    assert fitted.isprintable()


def test_a_cut_text_ends_with_an_ellipsis() -> None:
    assert fit("abcdef", 4) == "abc…"


@given(any_text)
def test_rich_prints_a_safe_text_letter_by_letter(text: str) -> None:
    stream = io.StringIO()
    make_console(stream).print(safe(text), soft_wrap=True)
    assert stream.getvalue() == f"{escape(text)}\n"


def test_rich_reads_no_markup_in_a_safe_text() -> None:
    stream = io.StringIO()
    make_console(stream).print(safe("[bold]x[/bold] :smile: [link=http://a]"))
    assert stream.getvalue() == "[bold]x[/bold] :smile: [link=http://a]\n"


def test_what_the_stream_cannot_encode_becomes_an_escape() -> None:
    assert encodable("é…", "ascii") == r"\xe9\u2026"


def test_a_console_on_an_ascii_stream_writes_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    make_console(stream).print(safe("é"))
    assert raw.getvalue() == b"\\xe9\n"


@given(any_text)
def test_the_check_of_these_tests_sees_control_characters(text: str) -> None:
    assert (unprintable(text) == "") == all(part.isprintable() for part in text.split("\n"))
