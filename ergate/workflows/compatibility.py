"""Whether what one step returns can be the input of another, as far as types can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ergate.injection.plan import InputParameter


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a value does not fit, in words."""

    sent: str
    taken: str
    reason: str
    hint: str = ""


def mismatch(sent: Any, taken: InputParameter) -> Mismatch | None:
    """Return why values of type `sent` cannot all be taken, or `None` when they may fit."""
    return None
