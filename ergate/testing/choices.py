"""What the random stories choose from: few of each, so that they meet."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from ergate.jobs.events import Advanced, Outcome, RecoveryPolicy
from ergate.testing.conformance.moves import FROM_START, OUTCOMES

LEASE_S = 30.0
POLICY = RecoveryPolicy(max_deliveries=2, pause_initial_s=5.0)
ALL = 10_000

AGAIN = replace(FROM_START, queue="a")
MOVES: tuple[Outcome, ...] = tuple(
    replace(one, queue="b") if isinstance(one, Advanced) else one for one in OUTCOMES
)

workers = st.sampled_from(["w1", "w2", "w3"])
queues = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True)
numbers = st.integers(min_value=0, max_value=40)
pairs = st.lists(st.tuples(numbers, st.sampled_from(MOVES)), min_size=1, max_size=3)
seconds = st.sampled_from([0.0, 1.0, 4.0, 6.0, 20.0, 31.0])
