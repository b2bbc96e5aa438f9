"""Calling services as the settings say, from the steps of compiled workflows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ergate.services.allowing import AllowList
from ergate.services.callback import Callback, CallbackAddresses, WaitingPlace
from ergate.services.credentials import Credentials
from ergate.services.webhook import KEY_EXAMPLE

if TYPE_CHECKING:
    from ergate.services.calling import Caller
    from ergate.services.compiling import CallContext
    from ergate.services.fields import Data
    from ergate.services.replies import Unfinished
    from ergate.services.service import Service
    from ergate.settings import Settings

log = logging.getLogger("ergate")


class Calls:
    """Calls services; the connections are made with the first call.

    Raises `SettingsError` for an allow-list or a credential that cannot be.
    """

    def __init__(self, settings: Settings) -> None:
        self._allowed = AllowList.parse(settings.allowed_services)
        self._credentials = Credentials.read(settings.credentials)
        ca_file = settings.services_ca_file
        self._ca_file = None if ca_file is None else Path(ca_file).expanduser()
        self._callbacks = CallbackAddresses.of(settings)
        self._told: set[str] = set()
        """Services of which was said that they cannot finish later here."""
        self._caller: Caller | None = None
        self._lock = threading.Lock()

    def __call__(
        self, service: Service, data: Data, context: CallContext
    ) -> Mapping[str, object] | Unfinished:
        """Return the outputs of a service, or that it finishes later. Raises `ServiceFailure`."""
        from ergate.services.replies import Unfinished

        reply = self.caller().call(
            service,
            data,
            context.id,
            timeout_s=context.timeout_s,
            callback=self._callback(service, context),
        )
        return reply if isinstance(reply, Unfinished) else reply.outputs

    def _callback(self, service: Service, context: CallContext) -> Callback | None:
        if service.finishes_within_s is None:
            return None
        # The step that waits for the answer is the next one.
        callback = self._callbacks.offer(WaitingPlace(context.id.job_id, context.id.seq + 1))
        if callback is None and service.name not in self._told:
            self._told.add(service.name)
            log.warning("%s", no_offer(service.name))
        return callback

    def caller(self) -> Caller:
        """Return what makes calls, the same for all threads."""
        from ergate.services.calling import Caller

        with self._lock:
            if self._caller is None:
                self._caller = Caller(
                    allowed=self._allowed, credentials=self._credentials, ca_file=self._ca_file
                )
            return self._caller


def no_offer(*services: str) -> str:
    """Return what to tell about services that declare `finishes_within_s` to no avail."""
    names = ", ".join(f'"{name}"' for name in services)
    return (
        f"finishes_within_s of {names} has no effect: the settings public_url and signing_keys are "
        "both needed to give services an address for their answers. Until then an answer 202 is "
        f"a BadReply. One way to make a key: {KEY_EXAMPLE}"
    )
