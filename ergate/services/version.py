"""The version of a definition: what a job keeps, so that it ends as it began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ergate.services.checking import plan_of
from ergate.services.definition import Definition
from ergate.services.document import Document
from ergate.services.reading import canonical
from ergate.services.service import Service


def version_of(definition: Definition, services: Iterable[Service]) -> str:
    """Return a hash of a definition together with the services that it calls.

    It is 64 hexadecimal digits, the same for the same contents whatever the order of keys, and
    whether a default is written or left out; any other difference gives another version. Other
    services do not count. Raises `KeyError` for a service that is not given.
    """
    by_name = {service.name: service for service in services}
    parts = {
        "definition": _contents(definition),
        "services": [_contents(by_name[name]) for name in plan_of(definition).services],
    }
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def _contents(document: Document) -> object:
    return document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
