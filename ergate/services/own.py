"""Names of workflows that are Ergate's own."""

from __future__ import annotations

OWN_PREFIX = "ergate."
"""Names of workflows that begin so are ours."""


def is_own(workflow: str) -> bool:
    """Return whether a workflow is one of ours, whose jobs are no business of an app."""
    return workflow.startswith(OWN_PREFIX)
