"""Registered services and definitions as plain values: as they were written, and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ergate.documents.times import timestamp
from ergate.services.stored import document_of

if TYPE_CHECKING:
    from ergate.services.stored import KeptService, KeptWorkflow


def service_document(kept: KeptService) -> dict[str, object]:
    """Return a service as it was written, with its id, its version and since when that is."""
    return document_of(kept.service) | _kept(kept)


def definition_document(kept: KeptWorkflow) -> dict[str, object]:
    """Return a definition as it was written, with its id, its version and since when that is."""
    return document_of(kept.definition) | _kept(kept)


def _kept(kept: KeptService | KeptWorkflow) -> dict[str, object]:
    return {"id": kept.id, "version": kept.version, "created_at": timestamp(kept.created_at)}
