"""What travels through an external queue: where to look, never what is true."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LARGEST = 2**63
"""No store counts further; a larger number in a message was made up."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Says that a job is runnable at a revision; losing or doubling it costs time, never a job."""

    job_id: str
    revision: int
    queue: str = "default"

    def to_bytes(self) -> bytes:
        """Return the ticket as a small JSON object."""
        body = {"v": 1, "job": self.job_id, "revision": self.revision, "queue": self.queue}
        return json.dumps(body, separators=(",", ":")).encode()

    @classmethod
    def from_object(cls, body: dict[str, Any]) -> Ticket | None:
        """Read a parsed JSON object; None when it is not a ticket."""
        match body:
            case {"v": 1, "job": str(job_id), "revision": int(revision), "queue": str(queue)} if (
                not isinstance(revision, bool) and 0 <= revision < LARGEST
            ):
                return cls(job_id, revision, queue)
            case _:
                return None
