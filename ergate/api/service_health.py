"""How services do: the last time that somebody asked, and what the newest jobs met."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property

from ergate.api.desk import Desk, Place
from ergate.api.step_times import Times, runs_of
from ergate.contracts.state_store import JobFilter
from ergate.documents.times import timestamp
from ergate.services.calls import Calls
from ergate.services.failures import ServiceFailure
from ergate.services.operations import Call
from ergate.services.service import Service
from ergate.services.stored import KeptWorkflow

JOBS = 200
"""So many of the newest jobs are looked at, whatever ran in them."""
FRESH_S = 5.0
"""How old the figures may be."""
PING_S = 4.0

Figures = Mapping[str, Times]


class ServiceHealth:
    """Remembers answers to pings for as long as this process runs, and figures for a moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pings: dict[str, dict[str, object]] = {}
        self._figures: Figures = {}
        self._looked_at = float("-inf")
        self._lock = asyncio.Lock()

    @cached_property
    def _calls(self) -> Calls:
        return Calls(self._desk.place.settings)

    async def ping(self, name_or_id: str) -> dict[str, object]:
        """Ask whether anything answers where a service is, and remember what came of it."""
        document = await self._desk.ask(self._ping, self._desk.place, name_or_id)
        self._pings[str(document["name"])] = document
        return document

    def _ping(self, place: Place, name_or_id: str) -> dict[str, object]:
        service = place.catalog.service(name_or_id).service
        return {
            "name": service.name,
            "address": service.address,
            "at": timestamp(place.clock.now()),
            **self._reached(service),
        }

    def _reached(self, service: Service) -> dict[str, object]:
        try:
            reached = self._calls.caller().reach(service, timeout_s=PING_S)
        except ServiceFailure as exc:
            return {"reached": False, "status": None, "elapsed_s": None, "error": str(exc)}
        elapsed_s = round(reached.elapsed_s, 6)
        return {"reached": True, "status": reached.status, "elapsed_s": elapsed_s, "error": None}

    async def documents(self) -> Mapping[str, dict[str, object]]:
        """Return what is known of every service that was pinged or called lately, by name."""
        figures = await self._latest()
        return {name: self._health(name, figures) for name in {*figures, *self._pings}}

    async def document(self, name: str) -> dict[str, object]:
        """Return what is known of one service."""
        return self._health(name, await self._latest())

    def _health(self, name: str, figures: Figures) -> dict[str, object]:
        calls = figures.get(name, Times()).document()
        return {"last_ping": self._pings.get(name), "calls": calls.pop("runs"), **calls}

    async def _latest(self) -> Figures:
        clock = self._desk.place.clock
        async with self._lock:
            if clock.monotonic() - self._looked_at >= FRESH_S:
                self._figures = await self._desk.ask(figures_of, self._desk.place)
                self._looked_at = clock.monotonic()
            return self._figures


def figures_of(place: Place) -> Figures:
    """Return the runs of steps that call each service, among the newest jobs."""
    called = {
        (kept.definition.name, step): service
        for kept in place.catalog.workflows()
        for step, service in _services_by_step(kept).items()
    }
    workflows = {workflow for workflow, _ in called}
    figures: dict[str, Times] = {}
    for job in place.broker.store.list(JobFilter(), limit=JOBS):
        if job.workflow_name not in workflows:
            continue
        for row in runs_of(place.broker.store, [job.id]):
            service = called.get((job.workflow_name, row.step_name or ""))
            if service is not None:
                figures.setdefault(service, Times()).add(row)
    return figures


def _services_by_step(kept: KeptWorkflow) -> dict[str, str]:
    found: dict[str, str] = {}
    for state in kept.plan.states:
        if isinstance(state.operation, Call):
            found[state.name] = state.operation.service
    return found
