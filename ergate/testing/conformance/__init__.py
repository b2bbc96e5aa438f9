"""What the contracts promise, as test classes that a backend's author subclasses.

    class TestMyStore(StateStoreSuite):
        @pytest.fixture
        def store(self, clock):
            return MyStore(clock)

The whole list of fixtures is in `case.StoreCase`, `queue.QueueCase` and `journal.JournalCase`.
"""

from ergate.testing.conformance.case import Observer
from ergate.testing.conformance.journal import JournalSuite
from ergate.testing.conformance.queue import QueueSuite
from ergate.testing.conformance.state_store import StateStoreSuite

__all__ = ["JournalSuite", "Observer", "QueueSuite", "StateStoreSuite"]
