"""The memory store does what the reference says, whatever happens in whatever order."""

from __future__ import annotations

from ergate.testing import state_machine_for
from ergate_backends.memory.store import MemoryStore

TestMemoryStore = state_machine_for(MemoryStore).TestCase
