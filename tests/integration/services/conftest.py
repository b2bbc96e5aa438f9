"""What the tests of calls share: a caller that may call this machine, and a service at a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ergate.services.allowing import AllowList
from ergate.services.calling import Caller
from ergate.services.limits import CallLimits
from ergate.services.service import Service
from tests.integration.services.declaring import Crew, crew_at

MakeService = Callable[..., Service]


@pytest.fixture
def caller() -> Iterator[Caller]:
    """A caller that is allowed what listens on loopback, and gives up soon."""
    limits = CallLimits(connect_s=2, total_s=5)
    with Caller(allowed=AllowList.parse(["loopback"]), limits=limits) as caller:
        yield caller


@pytest.fixture
def upper() -> MakeService:
    """Make the service `upper` at an address, with what else is given."""

    def make(address: str, **more: object) -> Service:
        message = {"name": "message", "type": "string"}
        document = {
            "name": "upper",
            "address": address,
            "inputs": [message],
            "outputs": [message],
            **more,
        }
        return Service.model_validate(document)

    return make


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Two workers for all tests of a module, each of which declares a workflow of its own."""
    with crew_at(tmp_path_factory.mktemp("crew"), processes=2, concurrency=8) as crew:
        yield crew
