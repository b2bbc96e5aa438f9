"""The names that a call goes by: for the service that must know a repeated one, and for traces."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from urllib.parse import quote

_SAFE = "!#$&'()*+,-./:;<=>?@[]^_`{|}~"


@dataclass(frozen=True, slots=True)
class CallId:
    """Which step of which job makes a call, and for the how manyeth time.

    Everything here is the same in every process, so that a call that is repeated after a crash
    is known again.
    """

    job_id: str
    seq: int
    attempt: int = 1

    @property
    def idempotency_key(self) -> str:
        """`<job id>:<seq>`: equal for every attempt of the same step.

        Characters of a job id that a header cannot carry are percent-encoded.
        """
        return f"{quote(self.job_id, safe=_SAFE)}:{self.seq}"

    @property
    def trace_id(self) -> str:
        """32 hex digits: the job's own UUID, so that a trace is found by it, else a hash."""
        try:
            value = uuid.UUID(self.job_id)
        except ValueError:
            return _hashed(self.job_id, 16)
        return value.hex if value.int else _hashed(self.job_id, 16)

    @property
    def traceparent(self) -> str:
        """The header of W3C Trace Context: one trace for each job, one parent for each attempt."""
        span = _hashed(f"{self.job_id}:{self.seq}:{self.attempt}", 8)
        return f"00-{self.trace_id}-{span}-01"

    def headers(self) -> dict[str, str]:
        """Return the headers that carry both names."""
        return {"Idempotency-Key": self.idempotency_key, "traceparent": self.traceparent}


def _hashed(text: str, size: int) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[: 2 * size]
