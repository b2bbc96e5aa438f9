"""Whatever a service answers is an answer or a failure with a name, and never something else."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ergate.services.failures import ServiceFailure
from ergate.services.raw_reply import RawReply
from ergate.services.replies import Reader, Reply
from ergate.services.secrets import LONGEST_MESSAGE
from ergate.services.service import Service

CANARY = "canary-7f3a"
SERVICE = Service.model_validate(
    {
        "name": "upper",
        "address": "http://upper.test/",
        "outputs": [
            {"name": "message", "type": "string"},
            {"name": "counts", "type": "list[int]", "required": False},
        ],
        "errors": ["CardDeclined"],
    }
)

TEXT = st.one_of(st.text(max_size=50), st.just(f"sent {CANARY} to you"))
KEYS = st.sampled_from(["message", "counts", "error", "name", "detail", CANARY]) | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda data: json.dumps(data).encode("utf-8", "surrogatepass")),
    st.dictionaries(KEYS, JSON).map(lambda data: json.dumps(data).encode()),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-encoding", "content-length", "location", "retry-after", "date"]
    ),
    st.one_of(
        TEXT, st.sampled_from(["application/json", "text/plain", "gzip", "7", "-1", "9" * 5000])
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    status=st.one_of(st.sampled_from([200, 202, 204, 302, 400, 500, 503]), st.integers(100, 999)),
    headers=HEADERS,
    body=BODIES,
    is_whole=st.booleans(),
    may_be_unfinished=st.booleans(),
)
def test_every_reply_means_something(
    *, status: int, headers: dict[str, str], body: bytes, is_whole: bool, may_be_unfinished: bool
) -> None:
    raw = RawReply(status, headers, body, is_whole, elapsed_s=0.1)
    reader = Reader('Service "upper"', (CANARY,))
    try:
        reply = reader.read(SERVICE, raw, may_be_unfinished=may_be_unfinished)
    except ServiceFailure as failure:
        check_failure(failure)
    else:
        assert 200 <= status < 300
        assert not isinstance(reply, Reply) or set(reply.outputs) <= {"message", "counts"}


def check_failure(failure: ServiceFailure) -> None:
    message = str(failure)
    assert message.startswith('Service "upper" ')
    assert message.isprintable()
    assert len(message) <= LONGEST_MESSAGE
    assert CANARY not in message
    assert failure.names[-1] == type(failure).__name__
    assert failure.retry_after_s is None or 0 <= failure.retry_after_s <= 86_400
