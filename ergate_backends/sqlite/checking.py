"""What `ergate doctor` looks at in a SQLite file."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from ergate.contracts.backend import Finding
from ergate_backends.sqlite.migrating import SCHEMA_VERSION

SAFE_VERSION = (3, 51, 3)


def findings(path: Path, synchronous: str) -> Sequence[Finding]:
    """Return what was seen, without creating or changing the file."""
    found = [_library(), _durability(synchronous)]
    if path.exists():
        found += [*_schema(path), *_permissions(path)]
    else:
        found.append(
            Finding(level="ok", subject="file", detail=f"{path} will be made at first use")
        )
    return found


def _library() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= SAFE_VERSION:
        return Finding(level="ok", subject="SQLite library", detail=f"version {version}")
    return Finding(
        level="ok",
        subject="SQLite library",
        detail=f"version {version}: before 3.51.3 a log that several connections check-point at "
        "once can be damaged; Ergate lets one process at a time write and check-point",
        advice="Do not open the file with other tools while workers run.",
    )


def _durability(synchronous: str) -> Finding:
    if synchronous == "normal":
        return Finding(
            level="warning",
            subject="synchronous",
            detail="normal: the last accepted jobs may be lost when the power fails (L1)",
            advice="Leave ?synchronous=normal out for L2.",
        )
    return Finding(
        level="ok", subject="synchronous", detail=f"{synchronous}: survives power loss (L2)"
    )


def _schema(path: Path) -> Iterator[Finding]:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as exc:
        yield Finding(
            level="problem", subject="file", detail=f"{path}: {exc}", advice="Restore a copy."
        )
        return
    if version > SCHEMA_VERSION:
        detail = f"schema version {version} is newer than this Ergate ({SCHEMA_VERSION})"
        yield Finding(level="problem", subject="schema", detail=detail, advice="Upgrade Ergate.")
    elif version < SCHEMA_VERSION:
        detail = f"version {version} of {SCHEMA_VERSION}"
        yield Finding(
            level="warning", subject="schema", detail=detail, advice="Run: ergate migrate"
        )
    else:
        yield Finding(level="ok", subject="schema", detail=f"version {version} of {SCHEMA_VERSION}")
    if health != "ok":
        yield Finding(level="problem", subject="file", detail=health, advice="Restore a copy.")


def _permissions(path: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            level="warning",
            subject="permissions",
            detail=f"{path} has mode {mode:04o}: other users can read the jobs' data",
            advice=f"chmod 600 {path}",
        )
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        yield Finding(
            level="problem",
            subject="permissions",
            detail=f"{path} or its directory cannot be written by this user",
            advice="Change the owner, or name another file.",
        )
