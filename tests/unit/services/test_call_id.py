"""A call that is repeated is known again by its names."""

from __future__ import annotations

import re

from ergate.jobs.ids import new_id
from ergate.services.call_id import CallId

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")


def test_the_idempotency_key_is_the_job_and_the_seq_whatever_the_attempt() -> None:
    keys = {CallId("a1", 3, attempt).idempotency_key for attempt in (1, 2, 3)}
    assert keys == {"a1:3"}


def test_a_job_id_that_no_header_can_carry_is_percent_encoded() -> None:
    key = CallId("über\r\nX-Evil: 1", 0).idempotency_key
    assert key == "%C3%BCber%0D%0AX-Evil:%201:0"


def test_two_job_ids_never_share_a_key() -> None:
    ids = ["a", "a%20", "a ", "a%2520", "A", "a:0"]
    assert len({CallId(job_id, 0).idempotency_key for job_id in ids}) == len(ids)


def test_the_trace_of_a_job_is_its_own_uuid() -> None:
    job_id = new_id()
    assert CallId(job_id, 1).trace_id == job_id.replace("-", "")


def test_a_chosen_job_id_has_a_trace_of_its_own() -> None:
    assert CallId("order-7", 1).trace_id != CallId("order-8", 1).trace_id
    assert TRACEPARENT.fullmatch(CallId("order-7", 1).traceparent)


def test_the_trace_is_the_same_in_every_process() -> None:
    assert CallId("order-7", 1, 2).traceparent == (
        "00-df8cf80227ec3237922df0ecd88385c5-64263dbb9c724f4a-01"
    )


def test_each_seq_and_each_attempt_is_a_span_of_its_own() -> None:
    parents = {CallId("a", seq, attempt).traceparent for seq in (1, 2) for attempt in (1, 2)}
    assert len(parents) == 4
    assert {parent.split("-")[1] for parent in parents} == {CallId("a", 1).trace_id}


def test_a_uuid_of_zeros_is_no_valid_trace_and_is_hashed() -> None:
    call = CallId("00000000-0000-0000-0000-000000000000", 1)
    assert TRACEPARENT.fullmatch(call.traceparent)
