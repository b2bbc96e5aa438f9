"""What a store says about itself."""

from __future__ import annotations

from ergate.contracts.capabilities import Capability, Level
from ergate.contracts.state_store import StateStore
from ergate.testing.conformance.case import StoreCase


class Capabilities(StoreCase):
    """A store declares what it can do and what it survives, and nothing that cannot be true."""

    def test_only_known_capabilities_are_declared(self, store: StateStore) -> None:
        assert store.capabilities <= frozenset(Capability)

    def test_the_level_is_one_of_the_four(self, store: StateStore) -> None:
        assert isinstance(store.level, Level)

    def test_a_store_is_durable_exactly_when_its_level_is_above_nothing(
        self, store: StateStore
    ) -> None:
        assert (Capability.DURABLE in store.capabilities) == (store.level is not Level.L0)

    def test_a_shared_store_has_a_second_handle_and_another_has_none(
        self, store: StateStore, second_store: StateStore | None
    ) -> None:
        assert (Capability.SHARED in store.capabilities) == (second_store is not None)

    def test_closing_twice_does_no_harm(self, store: StateStore) -> None:
        store.close()
        store.close()
