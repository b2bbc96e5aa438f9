"""Definitions as files of a directory, so that they live beside the code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ergate.errors import UsageError
from ergate.services.catalog import Catalog

SERVICES, WORKFLOWS = "service-*.json", "workflow-*.json"


def register_directory(catalog: Catalog, directory: Path) -> int:
    """Register every service and then every workflow of a directory; return how many they were.

    Files are named `service-*.json` and `workflow-*.json`; others are left alone. What is the
    same as before changes nothing, and what no file has any more stays registered.
    Raises `UsageError` that names each file with a fault. Those before it are registered by then.
    """
    if not directory.is_dir():
        raise UsageError(
            f'The setting definitions names "{directory}", which is no directory. Make it, with '
            f"files named {SERVICES} and {WORKFLOWS}."
        )
    services = _register(directory, SERVICES, catalog.register_service)
    return services + _register(directory, WORKFLOWS, catalog.register_workflow)


def _register(directory: Path, pattern: str, register: Callable[[object], object]) -> int:
    """Register what the files of one kind hold; return how many they were."""
    problems: list[str] = []
    paths = sorted(directory.glob(pattern))
    for path in paths:
        try:
            register(read_document(path))
        except UsageError as exc:
            problems.append(f"{path}: {exc}")
    if problems:
        raise UsageError("\n".join(problems))
    return len(paths)


def read_document(path: Path) -> object:
    """Return the JSON of a file. Raises `UsageError`."""
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is no JSON: {exc}.") from exc
