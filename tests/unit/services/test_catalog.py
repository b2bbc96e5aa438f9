"""What is registered, what may replace it, and which version a job finds."""

from __future__ import annotations

from typing import Any

import pytest

from ergate.clock import SystemClock
from ergate.errors import UsageError
from ergate.services.catalog import Catalog, InUseError, UnknownDefinitionError
from ergate.services.declared import KEPT, Declared
from ergate.services.faults import DefinitionFaults
from ergate.services.fields import Data
from ergate.services.service import Service
from ergate_backends.memory.store import MemoryStore
from tests.unit.services.definitions import example, workflow


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


@pytest.fixture
def catalog(store: MemoryStore) -> Catalog:
    return Catalog(store, lambda name: name == "of-the-app")


@pytest.fixture
def walk(catalog: Catalog) -> Catalog:
    """The services and the workflow of the walk, registered."""
    for name in ("upper", "reverse", "space-counter"):
        catalog.register_service(example(f"service-{name}"))
    catalog.register_workflow(example("workflow-process-text"))
    return catalog


def never_called(_service: Service, _data: Data, _context: object) -> dict[str, Any]:
    raise AssertionError("nothing is called here")


def changed(name: str, **more: object) -> dict[str, object]:
    return {**example(f"service-{name}"), **more}


def test_what_is_registered_is_found_by_its_name_and_its_id(walk: Catalog) -> None:
    by_name = walk.workflow("process-text")
    assert walk.workflow(by_name.id) == by_name
    assert walk.service(walk.service("upper").id).service.name == "upper"
    assert [kept.service.name for kept in walk.services()] == ["reverse", "space-counter", "upper"]


def test_registering_the_same_again_changes_nothing(walk: Catalog, store: MemoryStore) -> None:
    before = walk.workflow("process-text")
    assert walk.register_workflow(example("workflow-process-text")) == before


def test_an_id_stays_and_a_version_does_not_when_a_service_is_replaced(walk: Catalog) -> None:
    before = walk.workflow("process-text")
    walk.register_service(changed("upper", address="http://127.0.0.1:9/"))
    after = walk.workflow("process-text")
    assert (after.id, after.version == before.version) == (before.id, False)
    assert {service.name: service.address for service in after.services}["upper"].endswith(":9/")


def test_a_job_finds_the_version_that_it_began_with(walk: Catalog, store: MemoryStore) -> None:
    declared = Declared(store, never_called)
    before = walk.workflow("process-text")
    walk.register_workflow({**example("workflow-process-text"), "services": ["space-counter"],
                            "outputs": [{"name": "space_count", "type": "int"}]})  # fmt: skip
    old, new = declared.find("process-text", before.version), declared.find("process-text", None)
    assert old is not None
    assert new is not None
    assert [len(old), len(new)] == [3, 1]
    assert (old.fingerprint, new.fingerprint) == (
        before.version,
        walk.workflow("process-text").version,
    )


def test_a_removed_workflow_is_found_by_jobs_that_have_begun_and_by_nobody_else(
    walk: Catalog, store: MemoryStore
) -> None:
    version = walk.workflow("process-text").version
    assert walk.remove_workflow("process-text") == "process-text"
    declared = Declared(store, never_called)
    assert declared.find("process-text", None) is None
    assert declared.find("process-text", version) is not None
    with pytest.raises(UnknownDefinitionError, match="Registered: none"):
        walk.workflow("process-text")


def test_a_version_that_is_not_kept_is_never_replaced_by_another(
    walk: Catalog, store: MemoryStore
) -> None:
    assert Declared(store, never_called).find("process-text", "0" * 64) is None


def test_the_fingerprint_of_an_app_s_workflow_counts_as_no_version(
    walk: Catalog, store: MemoryStore
) -> None:
    assert Declared(store, never_called).find("process-text", "0123456789abcdef") is not None


def test_compiled_workflows_are_kept_and_bounded(walk: Catalog, store: MemoryStore) -> None:
    declared = Declared(store, never_called)
    version = walk.workflow("process-text").version
    first = declared.find("process-text", version)
    assert declared.find("process-text", version) is first
    for number in range(KEPT):
        definition = workflow({"name": "a", "type": "succeed"}, name=f"w{number}")
        walk.register_workflow(definition)
        declared.find(f"w{number}", None)
    assert declared.find("process-text", version) is not first


def test_a_service_in_use_stays(walk: Catalog) -> None:
    with pytest.raises(InUseError, match='called by the workflow "process-text"'):
        walk.remove_service("upper")
    walk.remove_workflow("process-text")
    assert walk.remove_service("upper") == "upper"
    with pytest.raises(UnknownDefinitionError):
        walk.service("upper")


def test_a_service_is_not_replaced_by_one_that_its_workflows_cannot_use(walk: Catalog) -> None:
    more = {"inputs": [{"name": "message", "type": "string"}, {"name": "style", "type": "string"}]}
    with pytest.raises(InUseError, match=r'workflow "process-text": .*"style"'):
        walk.register_service(changed("upper", **more))
    assert [field.name for field in walk.service("upper").service.inputs] == ["message"]


def test_a_definition_that_names_unregistered_services_lists_them_all(catalog: Catalog) -> None:
    with pytest.raises(DefinitionFaults) as caught:
        catalog.register_workflow(example("workflow-process-text"))
    for name in ("upper", "reverse", "space-counter"):
        assert f'"{name}"' in str(caught.value)


def test_names_of_the_app_and_of_our_own_are_refused(catalog: Catalog) -> None:
    for name, why in (("of-the-app", "workflow of the app"), ("ergate.x", "as ours do")):
        with pytest.raises(UsageError, match=why):
            catalog.register_workflow(workflow({"name": "a", "type": "succeed"}, name=name))
