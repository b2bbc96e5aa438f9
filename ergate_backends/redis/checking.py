"""What `ergate doctor` looks at in a Redis server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate_backends.redis.migrating import SCHEMA_VERSION
from ergate_backends.redis.persistence import info, setting
from ergate_backends.redis.server import Server

OLDEST_VERSION = (6, 2)
SKEW_S = 5.0
FAR_MS = 20.0


def findings(address: Address) -> Sequence[Finding]:
    """Return what was seen, without changing anything. Raises `BackendUnavailable`."""
    server = Server(address, SystemClock())
    try:
        return [
            _version(server),
            *_persistence(server),
            _eviction(server),
            _schema(server),
            _clock(server),
            _distance(server),
        ]
    finally:
        server.close()


def _version(server: Server) -> Finding:
    told = info(server, "server")
    is_valkey = "valkey_version" in told
    name = "Valkey" if is_valkey else "Redis"
    version = told.get("valkey_version") or told.get("redis_version")
    if version is None:
        return _unknown("version", "INFO")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_VERSION:
        return Finding(
            level="problem",
            subject="version",
            detail=f"{name} {version} lacks commands that Ergate needs",
            advice="Upgrade to Redis 6.2 or newer, or to Valkey.",
        )
    return Finding(level="ok", subject="version", detail=f"{name} {version}")


def _persistence(server: Server) -> Iterator[Finding]:
    told = info(server, "persistence")
    if not told:
        yield _unknown("persistence", "INFO")
        return
    if told.get("aof_enabled") != "1":
        yield Finding(
            level="warning",
            subject="persistence",
            detail="no append-only file: jobs accepted since the last snapshot are gone after a "
            "restart of the server (L0)",
            advice="CONFIG SET appendonly yes, and the same line in redis.conf.",
        )
    else:
        yield _fsync(server)
    for name in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"):
        if told.get(name, "ok") != "ok":
            yield Finding(
                level="problem",
                subject="persistence",
                detail=f"{name} is {told[name]}: Redis cannot write to its disk",
                advice="Look at the disk's space and at the server's log.",
            )


def _fsync(server: Server) -> Finding:
    policy = setting(server, "appendfsync")
    if policy == "always":
        return Finding(level="ok", subject="persistence", detail="appendfsync always (L2)")
    if policy is None:
        return Finding(
            level="ok",
            subject="persistence",
            detail="append-only file (L1); how often it reaches the disk cannot be seen",
        )
    lost = "second" if policy == "everysec" else "half minute"
    return Finding(
        level="ok" if policy == "everysec" else "warning",
        subject="persistence",
        detail=f"appendfsync {policy} (L1): a power failure can take the last {lost} of jobs along",
        advice="CONFIG SET appendfsync always is L2, and slower.",
    )


def _eviction(server: Server) -> Finding:
    policy = info(server, "memory").get("maxmemory_policy") or setting(server, "maxmemory-policy")
    if policy is None:
        return _unknown("eviction", "INFO")
    if policy != "noeviction":
        return Finding(
            level="problem",
            subject="eviction",
            detail=f"maxmemory-policy is {policy}: when memory runs short, Redis drops jobs",
            advice="CONFIG SET maxmemory-policy noeviction, and the same line in redis.conf.",
        )
    return Finding(level="ok", subject="eviction", detail="noeviction: a full server refuses jobs")


def _schema(server: Server) -> Finding:
    found = server.command("GET", server.key("schema"))
    if found is None:
        return Finding(level="ok", subject="schema", detail="will be made at first use")
    if int(found) > SCHEMA_VERSION:
        detail = f"version {int(found)} is newer than this Ergate ({SCHEMA_VERSION})"
        return Finding(level="problem", subject="schema", detail=detail, advice="Upgrade Ergate.")
    return Finding(level="ok", subject="schema", detail=f"version {int(found)} of {SCHEMA_VERSION}")


def _clock(server: Server) -> Finding:
    before = time.time()
    seconds, microseconds = server.command("TIME")
    skew_s = int(seconds) + int(microseconds) / 1e6 - (before + time.time()) / 2
    if abs(skew_s) > SKEW_S:
        return Finding(
            level="warning",
            subject="clock",
            detail=f"the server's clock is {abs(skew_s):.1f} s "
            f"{'ahead of' if skew_s > 0 else 'behind'} this machine's",
            advice="Leases go by the server's clock alone, start times of jobs do not: use NTP.",
        )
    return Finding(level="ok", subject="clock", detail=f"{skew_s * 1000:+.0f} ms beside ours")


def _distance(server: Server) -> Finding:
    times = []
    for _ in range(20):
        before = time.perf_counter()
        server.command("PING")
        times.append((time.perf_counter() - before) * 1000)
    median_ms = statistics.median(times)
    return Finding(
        level="warning" if median_ms > FAR_MS else "ok",
        subject="round trip",
        detail=f"{median_ms:.2f} ms",
        advice="Run workers near the server." if median_ms > FAR_MS else "",
    )


def _unknown(subject: str, command: str) -> Finding:
    return Finding(
        level="warning",
        subject=subject,
        detail=f"cannot be seen: this user may not call {command}",
        advice=f"ACL SETUSER … +{command.lower()}, or look at it yourself.",
    )
