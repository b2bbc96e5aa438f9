"""What goes into a store comes out of it, character by character."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ergate.contracts.state_store import StateStore
from ergate.jobs.events import Aborted, Completed
from ergate.jobs.ids import new_id
from ergate.testing.conformance.case import StoreCase
from ergate.testing.conformance.moves import (
    ADVANCED,
    FROM_START,
    WORKER,
    assert_same,
    running,
    settled,
    stored,
    submitted,
)

PAYLOADS = {
    "null": "null",
    "an empty text": '""',
    "an escaped NUL": r'"a\u0000b"',
    "emoji and combining marks": '"👩‍👩‍👧 é e\u0301 \u202e"',
    "line separators": '"\u2028\u2029\x7f"',
    "quotes and backslashes": r'"\"\\\/\b\f\n\r\t"',
    "text that looks like SQL": '"\'; DROP TABLE jobs; -- % ? :a $1"',
    "a big integer": "123456789012345678901234567890",
    "numbers that a parser would rewrite": "[-0.0,1e2,1.0,100,0.1000000000000000055511151]",
    "keys in an order of their own": '{"z":1,"a":2,"m":{"y":1,"b":2}}',
    "a key twice": '{"a":1,"a":2}',
    "64 levels": "[" * 64 + "]" * 64,
    "one MiB": json.dumps("x" * (1024 * 1024 - 2)),
}
each_payload = pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())


class Payloads(StoreCase):
    """JSON is text to a store: nothing is parsed, reordered, trimmed or rounded."""

    @each_payload
    def test_what_is_submitted_comes_back(
        self, store: StateStore, other: StateStore, text: str
    ) -> None:
        new = submitted(store, initial_input_value=text, last_return_value=text, user_context=text)
        assert_same(stored(other, new.id), new)
        (claimed,) = store.claim_ready(["default"], 1, "w")
        assert claimed.initial_input_value == text
        assert claimed.user_context == text

    @each_payload
    def test_a_result_comes_back_in_the_job_and_in_its_history(
        self, store: StateStore, text: str
    ) -> None:
        held = running(store)
        assert settled(store, held, replace(ADVANCED, result=text)).last_return_value == text
        (held,) = store.claim_ready(["default"], 1, WORKER)
        assert held.input_json == text
        settled(store, held, Completed(result=text))
        assert [row.result for row in store.history(held.id)] == [None, text, text]

    @each_payload
    def test_an_edited_input_comes_back_after_a_restart(self, store: StateStore, text: str) -> None:
        done = settled(store, running(store), Completed(result="1"))
        store.restart(done.id, replace(FROM_START, input_json=text))
        assert stored(store, done.id).input_json == text

    def test_an_error_with_a_long_message_comes_back(self, store: StateStore) -> None:
        error = json.dumps({"type": "E", "message": "ü\n" * 20_000})
        held = running(store)
        assert settled(store, held, Aborted(error=error)).error == error
        assert store.history(held.id)[-1].detail == error

    @pytest.mark.parametrize(
        "name",
        ["x" * 512, "ünï-cødé/🙂", "with space and 'quotes\"", "a:b{c}*", "%s?&=#"],
        ids=["long", "unicode", "quotes", "punctuation", "url"],
    )
    def test_any_text_can_be_the_name_of_a_job_a_queue_a_workflow_or_a_worker(
        self, store: StateStore, name: str
    ) -> None:
        new = submitted(store, id=name, queue=name, workflow_name=name, step_name=name)
        assert_same(stored(store, name), new)
        (held,) = store.claim_ready([name], 1, name)
        assert held.worker_id == name
        done = settled(store, held, Completed(result="1"))
        assert [row.job_id for row in store.history(name)] == [name, name]
        assert done.finished_at is not None

    def test_ids_that_differ_in_case_are_two_jobs(self, store: StateStore) -> None:
        name = new_id()
        submitted(store, id=name + "a", priority=1)
        submitted(store, id=name + "A", priority=2)
        assert [stored(store, name + end).priority for end in "aA"] == [1, 2]

    @pytest.mark.parametrize("priority", [-(2**31), 2**31 - 1])
    def test_priorities_of_32_bits_are_kept(self, store: StateStore, priority: int) -> None:
        assert stored(store, submitted(store, priority=priority).id).priority == priority

    @pytest.mark.parametrize("moment", [0.0, 1.25, 1_700_000_000.123456, 4_102_444_800.5])
    def test_times_keep_their_microseconds(self, store: StateStore, moment: float) -> None:
        new = submitted(store, requested_start_time=moment)
        kept = stored(store, new.id).requested_start_time
        assert kept == pytest.approx(moment, abs=1e-6, rel=0)

    def test_a_percentage_is_not_rounded(self, store: StateStore) -> None:
        held = running(store)
        third = 100 / 3
        assert settled(store, held, replace(ADVANCED, percent=third)).percent_completed == third
