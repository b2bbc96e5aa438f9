"""What an app opens once per worker process, and closes at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager

from ergate.worker.event_loop import EventLoop
from ergate.worker.program import Lifespan


@contextmanager
def entered(lifespan: Lifespan | None, loop: EventLoop) -> Iterator[None]:
    """Enter the app's lifespan, sync or async, for as long as the block runs."""
    if lifespan is None:
        yield
        return
    manager = lifespan()
    if isinstance(manager, AbstractContextManager):
        with manager:
            yield
        return
    loop.run(_enter(manager))
    try:
        yield
    except BaseException as exc:
        loop.run(_exit(manager, exc))
        raise
    else:
        loop.run(_exit(manager, None))


async def _enter(manager: AbstractAsyncContextManager[object]) -> None:
    await manager.__aenter__()


async def _exit(manager: AbstractAsyncContextManager[object], exc: BaseException | None) -> None:
    await manager.__aexit__(type(exc) if exc else None, exc, exc.__traceback__ if exc else None)
