"""The whole suite of a state store: one topic per file."""

from __future__ import annotations

from ergate.testing.conformance.accepting import Accepting
from ergate.testing.conformance.arriving import Arriving
from ergate.testing.conformance.asking import Asking
from ergate.testing.conformance.capabilities import Capabilities
from ergate.testing.conformance.claiming import Claiming
from ergate.testing.conformance.concurrency import Concurrency
from ergate.testing.conformance.defining import Defining
from ergate.testing.conformance.delivering import Delivering
from ergate.testing.conformance.departing import Departing
from ergate.testing.conformance.feeding import Feeding
from ergate.testing.conformance.leases import Leases
from ergate.testing.conformance.letters import Letters
from ergate.testing.conformance.measuring import Measuring
from ergate.testing.conformance.ordering import Ordering
from ergate.testing.conformance.outbox import Outbox
from ergate.testing.conformance.payloads import Payloads
from ergate.testing.conformance.settling import Settling
from ergate.testing.conformance.sweeping import Sweeping
from ergate.testing.conformance.transactions import Transactions


class StateStoreSuite(
    Capabilities,
    Accepting,
    Claiming,
    Settling,
    Transactions,
    Leases,
    Sweeping,
    Outbox,
    Asking,
    Ordering,
    Delivering,
    Letters,
    Departing,
    Arriving,
    Feeding,
    Defining,
    Measuring,
    Payloads,
    Concurrency,
):
    """Every promise of `ergate.contracts.state_store`.

    Subclass it under a name that starts with `Test` and provide the fixture `store`: a fresh,
    migrated store on the clock of the fixture `clock`. See `case.StoreCase` for the others.
    """
