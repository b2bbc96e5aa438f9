"""Which machine this is, and which of its processes live."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import psutil

from ergate.contracts.state_store import WorkerInfo


@cache
def host_key() -> str:
    """Name the machine, its boot and the process namespace: within it a pid means something.

    Two containers may share a kernel and a database and still not see each other's processes.
    """
    return f"{platform.node()}:{_boot()}:{_namespace()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return f"{psutil.boot_time():.0f}"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "-"


def start_time(pid: int) -> float:
    """Return when a process of this machine started, in seconds since 1970."""
    return psutil.Process(pid).create_time()


def is_alive(worker: WorkerInfo) -> bool:
    """Whether the process of a worker on this machine still runs; zombies do not."""
    try:
        process = psutil.Process(worker.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - worker.started_at) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # there is such a process, and we may not look closer


def dead_here(workers: Iterable[WorkerInfo]) -> list[str]:
    """Return the ids of workers of this machine whose process is gone."""
    return [info.worker_id for info in workers if info.host == host_key() and not is_alive(info)]
