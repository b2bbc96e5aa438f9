"""What `ergate doctor` says about the settings of services, definitions and the HTTP face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ergate.contracts.backend import Finding
from ergate.errors import CorruptRecord, ErgateError, SettingsError, UsageError

if TYPE_CHECKING:
    from ergate.cli.place import Place
    from ergate.services.service import Service
    from ergate.settings import Settings


def service_findings(place: Place) -> Iterator[Finding]:
    """Tell whether services can be called as the settings say, and what `ergate serve` would do.

    Opens the store for what is registered there; asks no service.
    """
    settings = place.settings
    problems = [finding for look in _LOOKS for finding in look(settings)]
    yield from problems
    yield from _definitions(settings)
    yield from _serving(settings)
    if not any(finding.level == "problem" for finding in problems):
        yield from _registered(place)


# --- settings -------------------------------------------------------------------------------------


def _allowed(settings: Settings) -> Iterator[Finding]:
    from ergate.services.allowing import SETTING, AllowList

    try:
        AllowList.parse(settings.allowed_services)
    except SettingsError as exc:
        yield Finding(level="problem", subject=SETTING, detail=str(exc))
        return
    listed = ", ".join(settings.allowed_services) or "nothing, so that no service is called"
    yield Finding(level="ok", subject=SETTING, detail=listed)


def _credentials(settings: Settings) -> Iterator[Finding]:
    from ergate.services.credentials import Credentials

    for name, table in settings.credentials.items():
        try:
            Credentials.read({name: table})
        except SettingsError as exc:
            yield Finding(level="problem", subject="credential", detail=str(exc))
        else:
            yield Finding(level="ok", subject="credential", detail=name)


def _callbacks(settings: Settings) -> Iterator[Finding]:
    from ergate.services.callback import CallbackAddresses

    try:
        callbacks = CallbackAddresses.of(settings)
    except SettingsError as exc:
        yield Finding(level="problem", subject="signing_keys", detail=str(exc))
        return
    if settings.public_url is None and not callbacks.keys:
        return
    if callbacks.can_be_made:
        detail = f"services tell the end of long work at {settings.public_url}"
        yield Finding(level="ok", subject="public_url", detail=detail)
    elif not callbacks.keys:
        yield Finding(
            level="warning",
            subject="signing_keys",
            detail="public_url is set, but there is no key: services cannot finish later",
            advice="Make one: echo whsec_$(openssl rand -base64 32)",
        )


def _ca_file(settings: Settings) -> Iterator[Finding]:
    if settings.services_ca_file is None:
        return
    path = Path(settings.services_ca_file).expanduser()
    if not path.is_file():
        detail = f"{path} is no file, so that no service can be called over https"
        yield Finding(level="problem", subject="services_ca_file", detail=detail)


_LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _allowed,
    _credentials,
    _callbacks,
    _ca_file,
)


# --- definitions and serving ----------------------------------------------------------------------


def _definitions(settings: Settings) -> Iterator[Finding]:
    from ergate.services.directory import SERVICES, WORKFLOWS, read_document

    if settings.definitions is None:
        return
    directory = Path(settings.definitions).expanduser()
    if not directory.is_dir():
        yield Finding(
            level="problem",
            subject="definitions",
            detail=f"{directory} is no directory, so that neither workers nor `serve` start",
            advice=f"Make it, with files named {SERVICES} and {WORKFLOWS}.",
        )
        return
    files = [path for pattern in (SERVICES, WORKFLOWS) for path in sorted(directory.glob(pattern))]
    if not files:
        yield Finding(
            level="warning",
            subject="definitions",
            detail=f"{directory} has no file named {SERVICES} or {WORKFLOWS}",
        )
    for path in files:
        try:
            read_document(path)
        except UsageError as exc:
            yield Finding(level="problem", subject="definitions", detail=str(exc))


def _serving(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.serve_host}:{settings.serve_port}"
    if settings.read_only:
        rights = "only shows"
    else:
        rights = (
            "changes something with the token" if settings.token else "has no token: only shows"
        )
    yield Finding(level="ok", subject="serve", detail=f"`ergate serve` on {where} {rights}")


# --- what is registered ---------------------------------------------------------------------------


def _registered(place: Place) -> Iterator[Finding]:
    from ergate.cli.definition_files import catalog_of
    from ergate.services.allowed import hindrances

    try:
        with place.broker() as broker:
            services = [kept.service for kept in catalog_of(place, broker).services()]
    except CorruptRecord as exc:
        yield Finding(level="problem", subject="service", detail=str(exc))
        return
    except ErgateError:
        return  # the store's own findings tell of it, or it keeps no services
    for service in services:
        for why in hindrances(service, place.settings):
            detail = f'"{service.name}" would not be called. {why}'
            yield Finding(level="warning", subject="service", detail=detail)
    yield from _later(services, place.settings)


def _later(services: list[Service], settings: Settings) -> Iterator[Finding]:
    from ergate.services.callback import CallbackAddresses
    from ergate.services.calls import no_offer

    names = [one.name for one in services if one.finishes_within_s is not None]
    if names and not CallbackAddresses.of(settings).can_be_made:
        yield Finding(level="warning", subject="service", detail=no_offer(*names))
