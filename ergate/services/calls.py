"""Calling services as the settings say, from the steps of compiled workflows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ergate.services.allowing import AllowList
from ergate.services.credentials import Credentials

if TYPE_CHECKING:
    from ergate.services.calling import Caller
    from ergate.services.compiling import CallContext
    from ergate.services.fields import Data
    from ergate.services.service import Service
    from ergate.settings import Settings


class Calls:
    """Calls services; the connections are made with the first call.

    Raises `SettingsError` for an allow-list or a credential that cannot be.
    """

    def __init__(self, settings: Settings) -> None:
        self._allowed = AllowList.parse(settings.allowed_services)
        self._credentials = Credentials.read(settings.credentials)
        ca_file = settings.services_ca_file
        self._ca_file = None if ca_file is None else Path(ca_file).expanduser()
        self._caller: Caller | None = None
        self._lock = threading.Lock()

    def __call__(self, service: Service, data: Data, context: CallContext) -> Mapping[str, object]:
        """Return the outputs of a service. Raises `ServiceFailure`."""
        from ergate.services.replies import Reply

        reply = self.caller().call(service, data, context.id, timeout_s=context.timeout_s)
        assert isinstance(reply, Reply)  # no callback was offered
        return reply.outputs

    def caller(self) -> Caller:
        """Return what makes calls, the same for all threads."""
        from ergate.services.calling import Caller

        with self._lock:
            if self._caller is None:
                self._caller = Caller(
                    allowed=self._allowed, credentials=self._credentials, ca_file=self._ca_file
                )
            return self._caller
