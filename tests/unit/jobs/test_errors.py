"""A failure is kept with what a person needs, and never more than a page or two of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.jobs.errors import MAX_TEXT, JobError, shortened


def raised(message: str = "no") -> BaseException:
    try:
        raise ValueError(message)
    except ValueError as exc:
        return exc


@given(st.text(), st.text(), st.none() | st.text(), st.none() | st.text())
def test_an_error_comes_back_from_its_json(
    kind: str, message: str, traceback: str | None, step: str | None
) -> None:
    error = JobError(type=kind, message=message, traceback=traceback, step_name=step)
    assert JobError.from_json(error.to_json()) == error


def test_a_lone_surrogate_in_a_message_does_not_stop_an_error_from_being_kept() -> None:
    text = JobError(type="E", message="\ud800").to_json()
    assert text.encode()
    assert JobError.from_json(text).message == "\ud800"


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", "1", "{}", '{"type":"x"}'])
def test_what_is_not_an_error_becomes_one_that_shows_it(text: str) -> None:
    assert JobError.from_json(text) == JobError(type="Unreadable", message=text)


def test_an_exception_is_described_with_its_type_message_and_traceback() -> None:
    error = JobError.from_exception(raised(), step_name="pay")
    assert (error.type, error.message, error.step_name) == ("ValueError", "no", "pay")
    assert "def raised" not in (error.traceback or "")
    assert "raise ValueError(message)" in (error.traceback or "")


def test_hidden_frames_are_left_out_of_the_traceback() -> None:
    error = JobError.from_exception(raised(), step_name=None, hide=[__file__])
    assert __file__ not in (error.traceback or "")
    assert "ValueError: no" in (error.traceback or "")


def test_hidden_frames_are_left_out_of_the_causes_too() -> None:
    try:
        raise RuntimeError("above") from raised("below")
    except RuntimeError as exc:
        error = JobError.from_exception(exc, step_name=None, hide=[__file__])
    assert __file__ not in (error.traceback or "")
    assert "ValueError: below" in (error.traceback or "")


def test_a_name_inside_a_class_is_kept_whole() -> None:
    class Mine(Exception):
        pass

    assert JobError.from_exception(Mine(), step_name=None).type.endswith(".Mine")


def test_a_message_that_cannot_be_made_does_not_hide_the_error() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert JobError.from_exception(Silent(), step_name="pay").type.endswith("Silent")


def test_a_short_text_stays_as_it_is() -> None:
    assert shortened("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_a_long_text_loses_its_middle_and_says_how_much() -> None:
    text = shortened("a" * 30 + "b" * 30, limit=20)
    assert text == "a" * 10 + "\n… 40 characters left out …\n" + "b" * 10
