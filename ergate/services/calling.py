"""Calls services: the declared inputs go out as JSON, the declared outputs come back checked."""

from __future__ import annotations

import json
import logging
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ergate.clock import Clock, SystemClock
from ergate.errors import SettingsError, UsageError
from ergate.jobs.codec import Limits
from ergate.services.addresses import ServiceAddress
from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.callback import Callback
from ergate.services.credentials import Credential, Credentials
from ergate.services.failures import AddressRefused, BadData, CredentialRefused
from ergate.services.faults import shown
from ergate.services.fields import check_values
from ergate.services.limits import CallLimits
from ergate.services.order import Order
from ergate.services.raw_reply import RawReply
from ergate.services.replies import MOST_FAULTS, Reader, Reply, Unfinished
from ergate.services.resolving import Resolver, system_resolver
from ergate.services.service import Service

if TYPE_CHECKING:
    from ergate.services.exchange import Exchanger

log = logging.getLogger("ergate")


@dataclass(frozen=True, slots=True)
class Reached:
    """A service, or what stands before it, gave some answer."""

    status: int
    elapsed_s: float


class Caller:
    """Calls services from any number of threads, over one pool of connections for each process.

    Only what `allowed` lists is called. Neither redirects nor proxies of the environment are
    followed, and certificates are verified; `ca_file` adds authorities of your own.
    A forked process gets connections of its own. Closed at the latest when the process ends.
    """

    def __init__(
        self,
        *,
        allowed: AllowList | None = None,
        credentials: Credentials | None = None,
        limits: CallLimits | None = None,
        ca_file: Path | None = None,
        resolver: Resolver | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._allowed = AllowList.parse() if allowed is None else allowed
        self._credentials = Credentials() if credentials is None else credentials
        self._limits = limits or CallLimits()
        self._ca_file = ca_file
        self._resolver = resolver or system_resolver
        self._clock = clock or SystemClock()
        self._exchangers: dict[int, Exchanger] = {}
        self._warned: set[tuple[str, str]] = set()
        self._end = weakref.finalize(self, _close, self._exchangers)

    def call(
        self,
        service: Service,
        data: Mapping[str, object],
        call: CallId,
        *,
        timeout_s: float | None = None,
        callback: Callback | None = None,
    ) -> Reply | Unfinished:
        """POST the service's inputs, picked from `data`, and return its checked outputs.

        The total time is `timeout_s`, else the service's own, else that of the limits. Only with
        a `callback` may the service leave the work unfinished. Raises `ServiceFailure`.
        """
        who = _who(service)
        address = _address(who, service.address)
        credential = self._credential(who, service, address)
        secrets = (credential.secrets if credential else ()) + (
            callback.secrets if callback else ()
        )
        headers = {
            "Content-Type": "application/json",
            **call.headers(),
            **(callback.headers() if callback else {}),
            **({credential.header: credential.value} if credential else {}),
        }
        limits = self._limits.within(service.timeout_s if timeout_s is None else timeout_s)
        body = _body(who, service, data)
        raw = self._send(who, address, limits, headers=headers, body=body, secrets=secrets)
        reader = Reader(who, secrets, Limits(max_bytes=limits.max_reply_bytes))
        return reader.read(service, raw, may_be_unfinished=callback is not None)

    def deliver(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        who: str = "The webhook",
        timeout_s: float | None = None,
        secrets: tuple[str, ...] = (),
    ) -> float:
        """POST a signed webhook and return the seconds it took; any answer of 200 to 299 is good.

        `who` is the subject of messages, in which `secrets` are not shown. Raises
        `ServiceFailure`, as a call does.
        """
        address = _address(who, url)
        limits = self._limits.within(timeout_s)
        headers = {"Content-Type": "application/json", **headers}
        raw = self._send(who, address, limits, headers=headers, body=body, secrets=secrets)
        Reader(who, secrets).check_status(raw)
        return raw.elapsed_s

    def reach(self, service: Service, *, timeout_s: float | None = None) -> Reached:
        """Ask whether anything answers at the service's address; sends neither data nor secrets.

        Any status counts, as most services do not know HEAD. Raises `ServiceFailure`.
        """
        who = _who(service)
        limits = self._limits.within(timeout_s)
        raw = self._send(who, _address(who, service.address), limits, method="HEAD")
        return Reached(raw.status, raw.elapsed_s)

    def close(self) -> None:
        """Close the connections of this process; a later call makes new ones."""
        _close(self._exchangers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(
        self,
        who: str,
        address: ServiceAddress,
        limits: CallLimits,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        secrets: tuple[str, ...] = (),
    ) -> RawReply:
        everywhere = {
            "User-Agent": _user_agent(),
            "Accept": "application/json",
            # A small compressed reply can unfold to gigabytes.
            "Accept-Encoding": "identity",
        }
        order = Order(
            who=who,
            address=address,
            limits=limits,
            method=method,
            headers={**everywhere, **(headers or {})},
            body=body,
            secrets=secrets,
        )
        return self._exchanger().send(order)

    def _exchanger(self) -> Exchanger:
        # A forked child shares the sockets of its parent, and must not speak on them.
        pid = os.getpid()
        if pid in self._exchangers:
            return self._exchangers[pid]
        made = self._new_exchanger()
        kept = self._exchangers.setdefault(pid, made)
        if kept is not made:
            made.close()
        return kept

    def _new_exchanger(self) -> Exchanger:
        try:
            from ergate.services.exchange import Exchanger
        except ImportError as exc:
            raise UsageError(
                f"Calling services needs the library {exc.name}, which is not installed. "
                'Run: pip install "ergate[api]"'
            ) from exc
        return Exchanger(self._allowed, self._resolver, self._clock, self._ca_file)

    def _credential(self, who: str, service: Service, address: ServiceAddress) -> Credential | None:
        if service.credential is None:
            return None
        try:
            credential = self._credentials.find(service.credential)
        except SettingsError as exc:
            raise CredentialRefused(f"{who} cannot be called: {exc}") from None
        if not credential.may_go_to(address.host):
            raise CredentialRefused(
                f'{who} cannot be called: the credential "{credential.name}" is not for the host '
                f"{address.host}. Add it to the hosts of that credential, if it may see it."
            )
        self._warn_of_plain_text(credential, address)
        return credential

    def _warn_of_plain_text(self, credential: Credential, address: ServiceAddress) -> None:
        key = (credential.name, address.host)
        if not address.is_encrypted and key not in self._warned:
            self._warned.add(key)
            log.warning(
                'The credential "%s" goes to %s without TLS: everyone on the way can read it. '
                "Use an https address unless the network between is yours.",
                *key,
            )


def _close(exchangers: dict[int, Exchanger]) -> None:
    mine = exchangers.pop(os.getpid(), None)
    if mine is not None:
        mine.close()


def _who(service: Service) -> str:
    return f"Service {shown(service.name)}"


def _address(who: str, text: str) -> ServiceAddress:
    try:
        return ServiceAddress.parse(text)
    except ValueError as exc:
        raise AddressRefused(f"{who} is not called: its address {exc}.") from None


def _body(who: str, service: Service, data: Mapping[str, object]) -> bytes:
    inputs, faults = check_values(service.inputs, data, unknown="drop")
    if faults:
        told = " ".join(str(fault) for fault in faults[:MOST_FAULTS])
        raise BadData(f"{who} is not called, as its inputs cannot be had: {told}")
    text = json.dumps(inputs, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _user_agent() -> str:
    return f"ergate/{version('ergate')}"
