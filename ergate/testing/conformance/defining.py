"""What a store promises about definitions: one current version of a name, and all that ever were.

Declared with `Capability.DEFINITIONS`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.definitions import StoredDefinition
from ergate.contracts.state_store import StateStore
from ergate.errors import Unsupported
from ergate.testing.conformance.case import Now, StoreCase
from ergate.testing.conformance.moves import TIME_TOLERANCE_S

FIRST = StoredDefinition(
    kind="workflow", name="letters", version="v1", body='{"steps":1}', created_at=1_000.5
)
SECOND = replace(FIRST, version="v2", body='{"steps":2}', created_at=2_000.5)
HOSTILE = ("a:b", "v1:", "service", "%", "' OR 1=1", "\u202eover", "🦀", "{x}", " ", "")


class Defining(StoreCase):
    """A name has one current version at most; whoever started with another one still finds it."""

    @pytest.fixture
    def defining(self, store: StateStore) -> StateStore:
        """The store; the test is over where it declares no DEFINITIONS."""
        if Capability.DEFINITIONS not in store.capabilities:
            pytest.skip("The store declares no DEFINITIONS, and says so: see the first test.")
        return store

    def test_a_store_keeps_definitions_exactly_when_it_declares_so(self, store: StateStore) -> None:
        if Capability.DEFINITIONS in store.capabilities:
            assert list(store.definitions("workflow")) == []
            return
        for act in (
            lambda: store.define(FIRST),
            lambda: store.definition("workflow", "letters"),
            lambda: store.definitions("workflow"),
            lambda: store.versions("workflow", "letters"),
            lambda: store.undefine("workflow", "letters"),
        ):
            with pytest.raises(Unsupported, match="DEFINITIONS"):
                act()

    def test_what_was_defined_is_there_for_every_process(
        self, defining: StateStore, other: StateStore
    ) -> None:
        defining.define(FIRST)
        assert other.definition("workflow", "letters") == FIRST
        assert other.definition("workflow", "letters", "v1") == FIRST
        assert list(other.definitions("workflow")) == [FIRST]

    def test_what_was_never_defined_is_not_there(self, defining: StateStore) -> None:
        defining.define(FIRST)
        assert defining.definition("workflow", "letter") is None
        assert defining.definition("workflow", "letters", "v2") is None
        assert defining.definition("workflow", "letters", "") is None
        assert not defining.undefine("workflow", "letter")

    def test_a_name_defined_again_has_the_new_version_and_keeps_the_old_one(
        self, defining: StateStore
    ) -> None:
        defining.define(FIRST)
        defining.define(SECOND)
        assert defining.definition("workflow", "letters") == SECOND
        assert list(defining.definitions("workflow")) == [SECOND]
        assert defining.definition("workflow", "letters", "v1") == FIRST

    def test_the_same_version_again_changes_nothing(self, defining: StateStore) -> None:
        defining.define(FIRST)
        defining.define(replace(FIRST, body="{}", created_at=3_000.5))
        assert defining.definition("workflow", "letters") == FIRST

    def test_an_older_version_becomes_the_current_one_again(self, defining: StateStore) -> None:
        for definition in (FIRST, SECOND, FIRST):
            defining.define(definition)
        assert defining.definition("workflow", "letters") == FIRST
        assert defining.definition("workflow", "letters", "v2") == SECOND

    def test_a_definition_without_a_time_is_of_now(self, defining: StateStore, now: Now) -> None:
        defining.define(replace(FIRST, created_at=0.0))
        found = defining.definition("workflow", "letters")
        assert found is not None
        assert found.created_at == pytest.approx(now(), abs=1.0 + TIME_TOLERANCE_S)

    def test_an_undefined_name_has_no_current_version_and_keeps_the_old_ones(
        self, defining: StateStore, other: StateStore
    ) -> None:
        defining.define(FIRST)
        defining.define(SECOND)
        assert [defining.undefine("workflow", "letters") for _ in range(2)] == [True, False]
        assert other.definition("workflow", "letters") is None
        assert list(other.definitions("workflow")) == []
        assert other.definition("workflow", "letters", "v1") == FIRST
        assert other.definition("workflow", "letters", "v2") == SECOND

    def test_versions_come_with_the_current_one_first_and_then_the_newest(
        self, defining: StateStore, other: StateStore
    ) -> None:
        third = replace(SECOND, version="v3", created_at=3_000.5)
        for definition in (SECOND, third, FIRST, replace(FIRST, name="other")):
            defining.define(definition)
        assert list(other.versions("workflow", "letters")) == [FIRST, third, SECOND]
        assert list(other.versions("workflow", "letters", limit=2)) == [FIRST, third]
        assert list(other.versions("service", "letters")) == []
        defining.undefine("workflow", "letters")
        assert list(other.versions("workflow", "letters")) == [third, SECOND, FIRST]

    def test_an_undefined_name_can_be_defined_again(self, defining: StateStore) -> None:
        defining.define(FIRST)
        defining.undefine("workflow", "letters")
        defining.define(FIRST)
        assert defining.definition("workflow", "letters") == FIRST

    def test_a_service_and_a_workflow_may_have_the_same_name(self, defining: StateStore) -> None:
        service = replace(FIRST, kind="service", body='{"address":"http://there"}')
        defining.define(FIRST)
        defining.define(service)
        assert defining.definition("service", "letters") == service
        assert list(defining.definitions("service")) == [service]
        assert defining.undefine("service", "letters")
        assert defining.definition("workflow", "letters") == FIRST

    def test_definitions_come_by_name(self, defining: StateStore) -> None:
        names = ["b", "a-b", "B", "a", "é", "z", "aa"]
        for name in names:
            defining.define(replace(FIRST, name=name))
        assert [one.name for one in defining.definitions("workflow")] == sorted(names)

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_any_name_version_and_text_come_back_as_they_were(
        self, defining: StateStore, text: str
    ) -> None:
        odd = replace(FIRST, name=text, version=text, body=f"[{text!r}]")
        defining.define(FIRST)
        defining.define(odd)
        assert defining.definition("workflow", text) == odd
        assert defining.definition("workflow", text, text) == odd
        assert defining.definition("workflow", "letters") == FIRST

    def test_a_large_text_comes_back_whole(self, defining: StateStore) -> None:
        large = replace(FIRST, body='["' + "ü" * 300_000 + '"]')
        defining.define(large)
        assert defining.definition("workflow", "letters") == large

    def test_of_many_who_define_a_name_at_once_one_wins_whole(
        self, defining: StateStore, other: StateStore
    ) -> None:
        all_ = [replace(FIRST, version=f"v{n % 4}", body=f"[{n % 4}]") for n in range(24)]

        def define(number: int) -> StoredDefinition | None:
            (defining, other)[number % 2].define(all_[number])
            return (other, defining)[number % 2].definition("workflow", "letters")

        with ThreadPoolExecutor(6) as pool:
            seen = list(pool.map(define, range(len(all_))))
        assert all(one in all_ for one in seen)
        assert defining.definition("workflow", "letters") in all_
        kept = [defining.definition("workflow", "letters", f"v{n}") for n in range(4)]
        assert kept == all_[:4]
