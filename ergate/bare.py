"""An app without workflows of its own: its workers run declared workflows only."""

from __future__ import annotations

from ergate.app import Ergate

TARGET = f"{__name__}:app"
"""How worker processes find it."""

app = Ergate()
