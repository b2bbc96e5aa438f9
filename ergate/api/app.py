"""The HTTP face as one ASGI app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from ergate.api import (
    activity,
    bulk,
    callbacks,
    dashboard,
    definitions,
    description,
    events,
    feeds,
    health,
    job_orders,
    jobs,
    pruning,
    queues,
    schemas,
    services,
    signing_in,
    stream,
    workers,
    workflows,
)
from ergate.api.activity import Activities
from ergate.api.bounds import Bounds
from ergate.api.desk import Desk, Place
from ergate.api.endings import Endings
from ergate.api.guard import Guard
from ergate.api.intake import Intake
from ergate.api.perimeter import Perimeter
from ergate.api.refusals import answer_errors
from ergate.api.security import Security
from ergate.api.service_health import ServiceHealth
from ergate.api.sessions import Sessions
from ergate.api.stream import Streams
from ergate.services.callback import CallbackAddresses

_PARTS = (
    health,
    events,
    definitions,
    jobs,
    job_orders,
    bulk,
    queues,
    workers,
    services,
    workflows,
    schemas,
    feeds,
    pruning,
    activity,
    stream,
    callbacks,
    signing_in,
    description,
    dashboard,
)


def create_api(place: Place, security: Security, bounds: Bounds | None = None) -> FastAPI:
    """Return the HTTP face of a place.

    The broker stays the caller's, to be closed after the last request.
    Raises `SettingsError` for a signing key that is none.
    """
    desk = Desk(place, bounds or Bounds())
    sessions = Sessions(security, place.clock)
    app = FastAPI(
        title="ergate",
        version="1",
        description="Services, workflows, events, jobs, queues and workers. "
        "Every error is a problem document.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.desk = desk
    app.state.security = security
    app.state.sessions = sessions
    app.state.guard = Guard(security, sessions, CallbackAddresses.of(place.settings))
    app.state.streams = Streams(desk)
    app.state.activities = Activities(desk)
    app.state.intake = Intake(desk)
    app.state.endings = Endings(desk)
    app.state.service_health = ServiceHealth(desk)
    for part in _PARTS:
        # In one flat list, so that a test can walk every route.
        app.router.routes.extend(part.router.routes)
    app.add_middleware(Perimeter, security=security, bounds=desk.bounds)
    app.openapi = partial(describe_once, app)  # type: ignore[method-assign]  # FastAPI's own way
    answer_errors(app)
    return app


def describe_once(app: FastAPI) -> dict[str, object]:
    """Return the OpenAPI document of an app."""
    return description.describe(app)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.streams.stop()
    app.state.intake.close()
    app.state.desk.close()
