"""The marks of what runs outlive the process that wrote them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ergate.worker.marks import NEVER, NO_RETRY, SIZE, Mark, Marks

MARK = Mark("job", 3, "workflow", "step", 1.5)


@pytest.fixture
def shared() -> Iterator[tuple[Marks, int]]:
    marks, descriptor = Marks.create(2)
    yield marks, descriptor
    marks.close()
    os.close(descriptor)


def test_what_one_process_writes_another_reads(shared: tuple[Marks, int]) -> None:
    marks, descriptor = shared
    marks.start(1, MARK)
    other = Marks(descriptor, 2)
    assert other.read() == [MARK]
    marks.end(1)
    assert other.read() == []
    other.close()


def test_each_slot_has_its_own_mark(shared: tuple[Marks, int]) -> None:
    marks, _ = shared
    second = Mark("other", 9, "w", "s", 2.0, 5.0, 0.5)
    marks.start(0, MARK)
    marks.start(1, second)
    assert marks.read() == [MARK, second]
    marks.end(0)
    assert marks.read() == [second]


def test_without_a_time_out_there_is_no_deadline() -> None:
    assert (MARK.deadline, MARK.timeout_pause_s) == (NEVER, NO_RETRY)


def test_a_mark_that_is_only_half_written_counts_as_none(shared: tuple[Marks, int]) -> None:
    marks, _ = shared
    marks.start(0, MARK)
    marks._memory[0:8] = bytes(8)
    assert marks.read() == []


@pytest.mark.parametrize("text", ["é" * 200, "x" * 10_000, "\N{SNOWMAN}" * 60])
def test_texts_too_long_for_a_mark_are_cut_and_trouble_no_neighbour(
    shared: tuple[Marks, int], text: str
) -> None:
    marks, _ = shared
    marks.start(1, MARK)
    marks.start(0, Mark(text, 1, text, text, 0.0))
    long, neighbour = marks.read()
    assert neighbour == MARK
    assert long.workflow[:30] == text[:30]
    assert len(marks._memory) == 2 * SIZE
