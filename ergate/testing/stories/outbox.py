"""Tickets that an external queue has confirmed, or seems to have lost."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ergate.testing.choices import ALL, numbers, seconds
from ergate.testing.reference import ticket_of
from ergate.testing.stories.story import Story


class Outbox(Story):
    """What a relay says about the tickets that it published."""

    @precondition(lambda self: self.tickets)
    @rule(chosen=st.lists(numbers, min_size=1, max_size=3))
    def confirm_any_ticket(self, chosen: list[int]) -> None:
        """Some are of earlier revisions: a relay may be slow."""
        tickets = [self.tickets[number % len(self.tickets)] for number in chosen]
        self.store.published(tickets)
        live = {(t.job_id, t.revision): t for t in map(ticket_of, self.reference.ready())}
        for ticket in tickets:
            if found := live.get((ticket.job_id, ticket.revision)):
                self.reference.published[found] = self.clock.now()

    @rule(older_than_s=seconds)
    def publish_again_what_nobody_claimed(self, older_than_s: float) -> None:
        latest = self.clock.now() - older_than_s
        live = {ticket_of(record) for record in self.reference.ready()}
        marked = self.reference.published
        old = [t for t, at in marked.items() if t in live and at <= latest]
        assert self.store.republish(older_than_s, ALL) == len(old)
        for ticket in old:
            del marked[ticket]
