"""`import ergate` is quick, because nothing is imported before it is needed."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

BROKER_CLIENTS = ("sqlite3", "redis", "pika", "confluent_kafka", "psycopg", "psycopg_pool")
HEAVY = ("typer", "click", "rich", "pluggy", "psutil", "structlog", "pydantic_settings")
LATER = ("watchfiles", "fastapi", "uvicorn", "httpx", "asyncio", "ergate_backends")


@cache
def modules_imported_by(statement: str) -> frozenset[str]:
    """Return the modules that Python itself reports under `-X importtime`."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(re.findall(r"^import time:.*\|\s+(\S+)$", done.stderr, re.MULTILINE))


def test_importtime_reports_the_modules_of_ergate() -> None:
    assert "ergate.app" in modules_imported_by("import ergate")


@pytest.mark.parametrize("module", BROKER_CLIENTS)
def test_import_ergate_leaves_this_broker_client_alone(module: str) -> None:
    assert module not in modules_imported_by("import ergate")


@pytest.mark.parametrize("module", HEAVY)
def test_import_ergate_leaves_this_heavy_library_alone(module: str) -> None:
    assert module not in modules_imported_by("import ergate")


@pytest.mark.parametrize("module", LATER)
def test_import_ergate_leaves_this_for_later(module: str) -> None:
    assert module not in modules_imported_by("import ergate")


@pytest.mark.parametrize("module", BROKER_CLIENTS)
def test_help_leaves_this_broker_client_alone(module: str) -> None:
    statement = "import sys; sys.argv = ['ergate', '--help']; import ergate.cli.main as m; m.main()"
    assert module not in modules_imported_by(statement)


# The exact figures are benchmarks/imports.py's to tell. A test counts the processor's time, which
# other processes do not use up, and only refuses what no noise explains.
NOISE = 3


def cpu_ms(command: list[str]) -> float:
    """Return the processor's time that a command took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def test_import_ergate_takes_no_multiple_of_200_ms() -> None:
    took_ms = min(cpu_ms([sys.executable, "-c", "import ergate"]) for _ in range(5))
    print(f"import ergate: {took_ms:.0f} ms, best of 5")
    assert took_ms <= 200 * NOISE


def test_ergate_help_takes_no_multiple_of_500_ms() -> None:
    command = Path(sys.executable).with_name("ergate")
    took_ms = min(cpu_ms([str(command), "--help"]) for _ in range(5))
    print(f"ergate --help: {took_ms:.0f} ms, best of 5")
    assert took_ms <= 500 * NOISE
