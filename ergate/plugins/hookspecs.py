"""The one door for plugins: a hook that registers backends.

A plugin is a package with an entry point in the group `ergate` that names a module (or object)
with this hook. Nothing else is needed; Ergate finds its own backends in the same way.
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from ergate.contracts.backend import Backend

PROJECT = "ergate"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ergate_register_backends(register: Callable[[Backend], None]) -> None:
    """Call `register` once for each backend that the plugin brings.

    It runs once per process, when a backend is first needed. Import no client library here.
    The smallest complete implementation, `my_backend/plugin.py`:

        from ergate.contracts.backend import Backend
        from ergate.plugins.hookspecs import hookimpl

        def open_store(address, clock):
            from my_backend.store import MyStore
            return MyStore(address.url, clock)

        @hookimpl
        def ergate_register_backends(register):
            register(Backend(name="mine", summary="Jobs in my own store", open_store=open_store))

    with these lines in its `pyproject.toml`:

        [project.entry-points.ergate]
        mine = "my_backend.plugin"
    """
