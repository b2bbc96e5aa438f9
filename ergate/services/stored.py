"""Services and definitions as the store keeps them: JSON text, read back as what it was."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ergate.contracts.definitions import DefinitionKind, StoredDefinition
from ergate.errors import CorruptRecord
from ergate.services.checking import plan_of, read_definition
from ergate.services.definition import Definition
from ergate.services.document import Document
from ergate.services.faults import DefinitionFaults
from ergate.services.plan import Plan
from ergate.services.reading import canonical, read_service
from ergate.services.service import Service
from ergate.services.version import version_of


@dataclass(frozen=True, slots=True)
class KeptService:
    """A version of a service."""

    service: Service
    version: str
    created_at: float = 0.0

    @property
    def id(self) -> str:
        """Its id: the same for every version."""
        return id_of("service", self.service.name)

    @classmethod
    def of(cls, service: Service) -> KeptService:
        """Return what is to be kept of a service."""
        text = canonical(service.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        return cls(service, hashlib.sha256(text.encode()).hexdigest())

    def stored(self) -> StoredDefinition:
        """Return it for the store."""
        body = canonical(document_of(self.service))
        return StoredDefinition(
            kind="service", name=self.service.name, version=self.version, body=body
        )


@dataclass(frozen=True, slots=True)
class KeptWorkflow:
    """A version of a definition, together with the services that it calls as they were then."""

    definition: Definition
    services: Sequence[Service]
    version: str
    created_at: float = 0.0

    @property
    def id(self) -> str:
        """Its id: the same for every version."""
        return id_of("workflow", self.definition.name)

    @property
    def plan(self) -> Plan:
        """What runs for it."""
        return plan_of(self.definition)

    @classmethod
    def of(cls, definition: Definition, services: Sequence[Service]) -> KeptWorkflow:
        """Return what is to be kept of a checked definition; `services` may be more than it calls.

        Raises `KeyError` for a service that is not among them.
        """
        by_name = {service.name: service for service in services}
        called = [by_name[name] for name in plan_of(definition).services]
        return cls(definition, called, version_of(definition, called))

    def stored(self) -> StoredDefinition:
        """Return it for the store."""
        body = {
            "definition": document_of(self.definition),
            "services": [document_of(service) for service in self.services],
        }
        return StoredDefinition(
            kind="workflow", name=self.definition.name, version=self.version, body=canonical(body)
        )


def id_of(kind: DefinitionKind, name: str) -> str:
    """Return the id of a service or a workflow, which its name alone decides."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"ergate:{kind}:{name}"))


def document_of(document: Document) -> dict[str, object]:
    """Return a document as it was written."""
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def kept_service(stored: StoredDefinition) -> KeptService:
    """Read a service back. Raises `CorruptRecord`."""
    try:
        service = read_service(json.loads(stored.body))
    except (ValueError, DefinitionFaults) as exc:
        raise _damaged(stored, exc) from exc
    return KeptService(service, stored.version, stored.created_at)


def kept_workflow(stored: StoredDefinition) -> KeptWorkflow:
    """Read a definition back. Raises `CorruptRecord`."""
    try:
        body = json.loads(stored.body)
        definition = read_definition(body["definition"])
        services = [read_service(service) for service in body["services"]]
    except (ValueError, TypeError, KeyError, DefinitionFaults) as exc:
        raise _damaged(stored, exc) from exc
    return KeptWorkflow(definition, services, stored.version, stored.created_at)


def _damaged(stored: StoredDefinition, exc: Exception) -> CorruptRecord:
    return CorruptRecord(
        f'The stored {stored.kind} "{stored.name}" cannot be read: {exc} Register it again.'
    )
