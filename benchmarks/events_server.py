"""Serve one contestant of the benchmark of events until a signal comes; print the port at start.

python -m benchmarks.events_server null
python -m benchmarks.events_server bare
python -m benchmarks.events_server sqlite:///tmp/jobs.db
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.events_load import TOKEN
from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.api.serving import bound, new_config, new_server
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.jobs.ids import new_id

SERVICE = {
    "name": "upper",
    "address": "https://upper.example/",
    "inputs": [{"name": "message", "type": "string"}],
    "outputs": [{"name": "message", "type": "string"}],
}
WORKFLOW = {
    "name": "shout",
    "services": ["upper"],
    "inputs": [{"name": "message", "type": "string"}],
    "outputs": [{"name": "message", "type": "string"}],
}


class Data(BaseModel):
    """The inputs of the workflow."""

    message: str


class Event(BaseModel):
    """The body of an event."""

    data: Data


def bare_app() -> FastAPI:
    """Return an app that only validates the body and answers with an id."""
    app = FastAPI(openapi_url=None)

    @app.post("/e/{workflow}", status_code=202)
    async def send(workflow: str, event: Event) -> dict[str, str]:  # noqa: ARG001 - to be valid
        return {"event_id": new_id(), "workflow": workflow, "status": "queued"}

    return app


class Null(asyncio.Protocol):
    """Answers each request at once, without a look at it: how fast the load itself can be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")


async def serve_null(listening: socket.socket) -> None:
    """Serve until the process is stopped."""
    server = await asyncio.get_running_loop().create_server(Null, sock=listening)
    await server.serve_forever()


def serve_events(listening: socket.socket, url: str) -> None:
    """Serve the API over a store with one declared workflow."""
    broker = open_broker(url, None)
    assert isinstance(broker, Broker)
    place = Place(broker=broker)
    place.catalog.register_service(SERVICE)
    place.catalog.register_workflow(WORKFLOW)
    new_server(create_api(place, Security(token=TOKEN)), "127.0.0.1", 0).run([listening])
    broker.close()


def main(contestant: str) -> None:
    """Serve a contestant: `null`, `bare`, or the URL of a store."""
    with bound("127.0.0.1", 0) as listening:
        listening.listen(256)
        print(listening.getsockname()[1], flush=True)
        if contestant == "null":
            asyncio.run(serve_null(listening))
        elif contestant == "bare":
            uvicorn.Server(new_config(bare_app(), "127.0.0.1", 0)).run([listening])
        else:
            serve_events(listening, contestant)


if __name__ == "__main__":
    main(sys.argv[1])
