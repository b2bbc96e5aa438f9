"""A process that calls services starts quickly and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ergate.errors import SettingsError
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from tests.integration.services.conftest import MakeService
from tests.integration.services.peers import Connection, Request, looping, serving

HTTP_LIBRARIES = ("httpx", "httpcore", "h11", "idna", "certifi")

CALL_AND_LEAVE = """
import sys
from ergate.services.allowing import AllowList
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.service import Service
caller = Caller(allowed=AllowList.parse(["loopback"]))
service = Service.model_validate({"name": "upper", "address": sys.argv[1]})
for _ in range(2):
    caller.call(service, {}, CallId("order-7", 3))
print("left")
"""

WITHOUT_HTTPX = """
import sys
sys.modules["httpcore"] = None
from ergate.services.call_id import CallId
from ergate.services.calling import Caller
from ergate.services.service import Service
service = Service.model_validate({"name": "upper", "address": "http://upper.test/"})
try:
    Caller().call(service, {}, CallId("order-7", 3))
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def answer(connection: Connection, request: Request) -> None:
    connection.answer(request.data)


def test_a_process_may_end_without_closing_its_caller() -> None:
    with serving(looping(answer)) as peer:
        done = run(CALL_AND_LEAVE, peer.url)
    assert (done.stdout, done.stderr, done.returncode) == ("left\n", "", 0)
    assert peer.accepted == 1


def test_nothing_of_http_is_imported_before_a_service_is_called() -> None:
    program = "import sys, ergate.services.calling; print(*sys.modules)"
    done = run(program)
    assert done.stderr == ""
    assert [name for name in HTTP_LIBRARIES if name in done.stdout.split()] == []


def test_a_missing_library_is_named_with_the_command_that_brings_it() -> None:
    done = run(WITHOUT_HTTPX)
    assert done.stdout == (
        "UsageError: Calling services needs the library httpcore, which is not installed. "
        'Run: pip install "ergate[api]"\n'
    )


def test_a_file_of_certificates_that_cannot_be_read_is_named(
    tmp_path: Path, upper: MakeService
) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("missing.pem", "empty.pem"):
        with Caller(ca_file=tmp_path / name) as caller, pytest.raises(SettingsError, match=name):
            caller.call(upper("https://upper.test/"), {"message": "x"}, CallId("order-7", 3))
