"""What each slot of a worker process runs, in memory that outlives the process.

The child writes, its supervisor reads: at the child's death only steps that had *started* are
blamed, and a step that runs past its deadline is seen even when it never lets go of the
interpreter. One fixed-size mark per slot; the flag is written last and cleared first, so that a
half-written mark counts as none.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from dataclasses import dataclass

from ergate.jobs.ids import MAX_BYTES

_LAYOUT = struct.Struct(f"<q q d d d H H H {MAX_BYTES}s 120s 120s")
"""flag, revision, started, deadline, pause after a time-out, lengths, job id, workflow, step"""
SIZE = _LAYOUT.size
_FLAG = struct.Struct("<q")
NEVER = float("inf")
NO_RETRY = -1.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A step that has started; times are seconds of the machine's monotonic clock."""

    job_id: str
    revision: int
    workflow: str
    step: str
    started: float
    deadline: float = NEVER
    timeout_pause_s: float = NO_RETRY
    """If it times out: seconds until the next try, or `NO_RETRY`."""


class Marks:
    """The marks of one worker process; each slot writes its own."""

    def __init__(self, descriptor: int, slots: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE * slots)
        self._slots = slots

    @classmethod
    def create(cls, slots: int) -> tuple[Marks, int]:
        """Return new, empty marks and the file descriptor that shares them."""
        with tempfile.TemporaryFile(prefix="ergate-marks-") as file:
            descriptor = os.dup(file.fileno())
        os.truncate(descriptor, SIZE * slots)
        return cls(descriptor, slots), descriptor

    def start(self, slot: int, mark: Mark) -> None:
        """Note that a slot starts a step."""
        job_id, workflow, step = (
            _cut(mark.job_id, MAX_BYTES),
            _cut(mark.workflow, 120),
            _cut(mark.step, 120),
        )
        at = slot * SIZE
        _LAYOUT.pack_into(
            self._memory,
            at,
            0,
            mark.revision,
            mark.started,
            mark.deadline,
            mark.timeout_pause_s,
            len(job_id),
            len(workflow),
            len(step),
            job_id,
            workflow,
            step,
        )
        _FLAG.pack_into(self._memory, at, 1)

    def end(self, slot: int) -> None:
        """Note that the slot's step has ended."""
        _FLAG.pack_into(self._memory, slot * SIZE, 0)

    def read(self) -> list[Mark]:
        """Return what has started and not ended."""
        marks = []
        for slot in range(self._slots):
            flag, revision, started, deadline, pause, *rest = _LAYOUT.unpack_from(
                self._memory, slot * SIZE
            )
            if flag:
                lengths, texts = rest[:3], rest[3:]
                job_id, workflow, step = (
                    text[:length].decode(errors="replace")
                    for text, length in zip(texts, lengths, strict=True)
                )
                marks.append(Mark(job_id, revision, workflow, step, started, deadline, pause))
        return marks

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()


def _cut(text: str, limit: int) -> bytes:
    return text.encode()[:limit]
