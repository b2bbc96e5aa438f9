"""Whether the settings let a service be called, as far as that can be told without calling it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ergate.errors import SettingsError
from ergate.services.addresses import ServiceAddress
from ergate.services.allowing import AllowList
from ergate.services.callback import CallbackAddresses
from ergate.services.calls import no_offer
from ergate.services.credentials import Credentials
from ergate.services.hosts import known_address
from ergate.services.networks import Reach, reach_of

if TYPE_CHECKING:
    from ergate.services.service import Service
    from ergate.settings import Settings


def warnings_about(service: Service, settings: Settings) -> list[str]:
    """Return what to tell whoever registers a service that would not work so with the settings.

    Raises `SettingsError` for settings that cannot be.
    """
    told = [
        f'By these settings "{service.name}" would not be called. {why}'
        for why in hindrances(service, settings)
    ]
    if service.finishes_within_s is None or CallbackAddresses.of(settings).can_be_made:
        return told
    return [*told, no_offer(service.name)]


def hindrances(service: Service, settings: Settings) -> Iterator[str]:
    """Yield why calls of a service would be refused here, as sentences.

    A name is not resolved: whether its addresses may be called shows when it is called.
    Raises `SettingsError` for settings that cannot be.
    """
    address = ServiceAddress.parse(service.address)
    allowed = AllowList.parse(settings.allowed_services)
    where = known_address(address.host)
    refusal = None if where is None else allowed.refusal(address.host, [where])
    if where is not None and refusal is not None:
        reach = reach_of(where)
        advice = "" if reach is Reach.NEVER else f' Add "{reach.value}" or the host to it.'
        yield f"{refusal}.{advice}"
    if service.credential is None:
        return
    credentials = Credentials.read(settings.credentials)
    try:
        credential = credentials.find(service.credential)
    except SettingsError as exc:
        yield f"{str(exc)[0].upper()}{str(exc)[1:]}"
        return
    if not credential.may_go_to(address.host):
        yield f'The credential "{credential.name}" is not for the host {address.host}.'
