"""The files for running a fleet are what they claim to be: they parse, and name what exists."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.cli.main import app
from ergate.client import Client, Wish
from ergate.contracts.address import Address
from ergate.jobs.codec import Limits
from ergate.jobs.job import Job
from ergate.settings import Settings, load_settings
from ergate.settings.load import variable_of
from tests.docs.console import blocks_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/how-to/fleet"
PAGE = ROOT / "docs/how-to/fleet.md"
FILES = sorted(FOLDER.iterdir())
NAMES = [file.name for file in FILES]
YAML = sorted(FOLDER.glob("*.yaml"))
SPARE_S = 10
"""What the last outcomes and the goodbye may take after --grace: see the supervisor."""


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


# --- form -----------------------------------------------------------------------------------------


def test_the_unit_is_one_that_systemd_reads() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[method-assign,assignment]  # keys keep their case
    unit.read_string(text_of("ergate.service"))
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    assert unit["Service"]["KillMode"] == "mixed"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize("file", YAML, ids=[file.name for file in YAML])
def test_yaml_is_indented_by_two_and_each_line_is_an_entry(file: Path) -> None:
    entry = re.compile(r"(?:- )*(?:[\w.-]+: ?\S.*|[\w./-]+:|- \S.*|---)$")
    wrong = [
        line
        for line in file.read_text(encoding="utf-8").splitlines()
        if (bare := line.strip())
        and not bare.startswith("#")
        and ("\t" in line or (len(line) - len(line.lstrip())) % 2 or not entry.match(bare))
    ]
    assert wrong == []


@pytest.mark.parametrize("file", YAML, ids=[file.name for file in YAML])
def test_yaml_is_read_by_a_parser(file: Path) -> None:
    pytest.importorskip("yaml", reason="no parser for YAML is installed; its form is checked above")
    documents = list(import_module("yaml").safe_load_all(file.read_text(encoding="utf-8")))
    assert documents
    assert all(isinstance(document, dict) for document in documents)


def test_the_image_starts_workers_without_a_shell_in_between() -> None:
    lines = text_of("Dockerfile").splitlines()
    words = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert set(words) <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "STOPSIGNAL", "CMD"}
    assert "STOPSIGNAL SIGTERM" in lines
    (command,) = [line for line in lines if line.startswith("CMD ")]
    assert json.loads(command.removeprefix("CMD "))[0] == "ergate"


# --- commands -------------------------------------------------------------------------------------


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the words of each `ergate …` command in a file or in the blocks of a page."""
    for words in re.findall(r'\[((?:"CMD", )?"ergate"[^\]]*)\]', text):
        listed: list[str] = json.loads(f"[{words}]")
        yield listed[1:] if listed[0] == "CMD" else listed
    for line in re.findall(r"^(?:Exec\w+=\S*/|\$ (?:sudo \S+ )?)(ergate .*)$", text, re.MULTILINE):
        yield shlex.split(line, comments=True)


def parsed(words: list[str]) -> None:
    """Parse a command line as the program does, without running it."""
    command: Any = get_command(app)
    context = command.make_context("ergate", [], resilient_parsing=True)
    name, *rest = words
    while hasattr(command, "get_command"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"{' '.join(words)}: there is no command {rest[0]}"
        command, (name, *rest) = found, rest
    command.make_context(name, rest)


@pytest.mark.parametrize("file", [*FILES, PAGE], ids=[*NAMES, PAGE.name])
def test_every_command_line_is_one_of_ours_with_options_that_it_has(file: Path) -> None:
    for words in commands_in(file.read_text(encoding="utf-8")):
        parsed(words)


def test_the_files_run_check_and_migrate() -> None:
    seen = {words[1] for file in FILES for words in commands_in(text_of(file.name))}
    assert seen == {"run", "migrate", "backends"}


# --- settings -------------------------------------------------------------------------------------


def settings_in(text: str) -> dict[str, str]:
    """Return the variables of ours that a file sets, with the values that it shows."""
    listed = re.findall(r'- name: (ERGATE_\w+)\n\s+value: "?([^"\n]+)"?', text)
    plain = re.findall(r"^\s*(?:Environment=)?(ERGATE_\w+)(?:=|: )(\S+)$", text, re.MULTILINE)
    return dict([*listed, *plain])


@pytest.mark.parametrize("file", [*FILES, PAGE], ids=[*NAMES, PAGE.name])
def test_every_variable_is_a_setting_and_has_a_value_that_it_can_have(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = set(re.findall(r"\bERGATE_[A-Z_]+\b", text))
    assert named <= {variable_of(name) for name in Settings.model_fields}
    given = settings_in(text)
    loaded = load_settings({}, environ=given)
    assert (set(given) <= named, loaded.warnings) == (True, ())


@pytest.mark.parametrize("name", NAMES)
def test_no_password_is_an_argument_of_a_command(name: str) -> None:
    addresses = [word for words in commands_in(text_of(name)) for word in words if "://" in word]
    assert addresses == []


# --- stopping -------------------------------------------------------------------------------------


def seconds(pattern: str, name: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, text_of(name))]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("ergate.service", r"TimeoutStopSec=(\d+)"),
        ("kubernetes.yaml", r"terminationGracePeriodSeconds: (\d+)"),
        ("compose.yaml", r"worker:(?s:.*?)stop_grace_period: (\d+)s"),
    ],
)
def test_whoever_stops_the_workers_waits_longer_than_they_take(name: str, pattern: str) -> None:
    graces = seconds(r"--grace[\", ]+(\d+)s", name) or seconds(
        r"--grace[\", ]+(\d+)s", "Dockerfile"
    )
    (waits,) = seconds(pattern, name)
    assert waits >= max(graces) + SPARE_S


# --- the page -------------------------------------------------------------------------------------


def test_what_the_page_shows_of_a_file_is_in_the_file() -> None:
    shown = [block for block in blocks_of(PAGE) if block.title in NAMES]
    assert {block.title for block in shown} == set(NAMES)
    for block in shown:
        assert block.text in text_of(str(block.title)), f"{PAGE.name}:{block.line}"


# --- autoscaling ----------------------------------------------------------------------------------


def crowd(broker: Broker) -> int:
    """Hand in three jobs, claim one, and leave one for tomorrow; return what is to be counted."""
    client = Client(broker, Job, Limits(), None)
    for _ in range(3):
        client.enqueue("any", None, Wish())
    client.enqueue("any", None, Wish(at=datetime.now(UTC) + timedelta(days=1)))
    (claimed,) = broker.store.claim_ready(["default"], 1, "worker")
    assert claimed.worker_id == "worker"
    return 3


def test_the_query_for_autoscaling_counts_what_waits_and_what_runs(postgres_url: str) -> None:
    import psycopg

    address = Address.parse(postgres_url)
    with closing(open_broker(None, postgres_url)) as broker:
        assert isinstance(broker, Broker)
        expected = crowd(broker)
    (query,) = re.findall(r'query: "(.+)"', text_of("kubernetes.yaml"))
    query = query.replace("ergate.", f"{address.options['schema']}.")
    with psycopg.connect(address.url.partition("?")[0]) as connection:
        assert connection.execute(query.encode()).fetchall() == [(expected,)]


def test_the_keys_for_autoscaling_on_redis_count_what_waits(redis_url: str) -> None:
    import redis

    address = Address.parse(redis_url)
    with closing(open_broker(None, redis_url)) as broker:
        assert isinstance(broker, Broker)
        running = 1
        expected = crowd(broker) - running
    (key,) = re.findall(r"listName: \"(\S+)\"", PAGE.read_text(encoding="utf-8"))
    key = key.replace("{ergate}", f"{{{address.options['prefix']}}}")
    with closing(redis.Redis.from_url(address.url.partition("?")[0])) as client:
        assert client.zcard(key) == expected


def test_the_stream_for_autoscaling_on_redis_counts_tickets(redis_url: str, tmp_path: Path) -> None:
    import redis

    address = Address.parse(redis_url)
    with closing(open_broker(redis_url, f"sqlite:///{tmp_path / 'jobs.db'}")) as broker:
        assert isinstance(broker, Broker)
        client = Client(broker, Job, Limits(), None)
        for _ in range(3):
            client.enqueue("any", None, Wish())
    (key,) = re.findall(r"stream: \"(\S+)\"", PAGE.read_text(encoding="utf-8"))
    key = key.replace("{ergate}", f"{{{address.options['prefix']}}}")
    with closing(redis.Redis.from_url(address.url.partition("?")[0])) as server:
        assert server.xlen(key) == 3
