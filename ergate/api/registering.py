"""What registers, finds and removes services and definitions, for every address that does."""

from __future__ import annotations

from ergate.api.desk import Place
from ergate.documents.definitions import definition_document, service_document
from ergate.documents.times import timestamp
from ergate.services.allowed import warnings_about
from ergate.services.stored import KeptService, KeptWorkflow


def list_services(place: Place) -> list[dict[str, object]]:
    """Return the documents of all registered services, by name."""
    return [service_document(kept) for kept in place.catalog.services()]


def show_service(place: Place, name_or_id: str) -> dict[str, object]:
    """Return the document of a service."""
    return service_document(place.catalog.service(name_or_id))


def register_service(place: Place, document: object) -> KeptService:
    """Register a service; raises what the catalog raises."""
    return place.catalog.register_service(document)


def remove_service(place: Place, name_or_id: str) -> None:
    """Remove a service; raises what the catalog raises."""
    place.catalog.remove_service(name_or_id)


def list_definitions(place: Place) -> list[dict[str, object]]:
    """Return the documents of all registered definitions, by name."""
    return [definition_document(kept) for kept in place.catalog.workflows()]


def show_definition(place: Place, name_or_id: str) -> dict[str, object]:
    """Return the document of a definition."""
    return definition_document(place.catalog.workflow(name_or_id))


def register_definition(place: Place, document: object) -> KeptWorkflow:
    """Register a definition; raises what the catalog raises."""
    return place.catalog.register_workflow(document)


def remove_definition(place: Place, name_or_id: str) -> None:
    """Remove a definition; raises what the catalog raises."""
    place.catalog.remove_workflow(name_or_id)


def registered_document(place: Place, kept: KeptService | KeptWorkflow) -> dict[str, object]:
    """Return the answer to whoever registered something."""
    kind, name = _named(kept)
    warnings = []
    if isinstance(kept, KeptService):
        warnings = warnings_about(kept.service, place.settings)
    return {
        f"{kind}_id": kept.id,
        "ack_date": timestamp(place.clock.now()),
        "name": name,
        "version": kept.version,
        "warnings": warnings,
    }


def _named(kept: KeptService | KeptWorkflow) -> tuple[str, str]:
    if isinstance(kept, KeptService):
        return "service", kept.service.name
    return "workflow", kept.definition.name
