"""A new id is a UUID of version 7."""

from __future__ import annotations

import uuid

import pytest

from ergate.errors import PayloadError
from ergate.jobs import ids


def test_an_id_has_the_version_and_the_variant_of_rfc_9562() -> None:
    parsed = [uuid.UUID(ids.new_id()) for _ in range(500)]
    assert {(one.version, one.variant) for one in parsed} == {(7, uuid.RFC_4122)}


def test_an_id_is_written_as_uuid_writes_it() -> None:
    text = ids.new_id()
    assert str(uuid.UUID(text)) == text


def test_ids_are_unique_within_a_millisecond() -> None:
    assert len({ids.new_id() for _ in range(20_000)}) == 20_000


def test_an_id_begins_with_the_millisecond_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergate.jobs.ids.time.time_ns", lambda: 1_645_557_742_000 * 1_000_000)
    assert ids.new_id().startswith("017f22e2-79b0-7")


def test_ids_of_later_milliseconds_sort_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for millisecond in range(1, 2000, 13):
        monkeypatch.setattr("ergate.jobs.ids.time.time_ns", lambda ms=millisecond: ms * 1_000_000)
        made.append(ids.new_id())
    assert made == sorted(made)


def test_an_id_that_somebody_chose_is_kept_as_it_is() -> None:
    assert ids.checked_id("é" * 80) == "é" * 80


@pytest.mark.parametrize(
    "job_id", ["é" * 81, "x" * 161, "\ud800"], ids=["accents", "letters", "half"]
)
def test_an_id_that_cannot_be_kept_whole_is_refused(job_id: str) -> None:
    """The mark of a running step would hold only a part of it, and a death would blame nobody."""
    with pytest.raises(PayloadError):
        ids.checked_id(job_id)
