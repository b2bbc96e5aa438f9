"""Settings come from five places in a fixed order, and each remembers its place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ergate.errors import SettingsError
from ergate.settings import Loaded, Settings, load_settings
from ergate.settings.model import expected_form

NOTHING: Mapping[str, str] = {}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return an empty project directory, so that no file above it is found."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def load(directory: Path, environ: Mapping[str, str] = NOTHING, **flags: object) -> Loaded:
    return load_settings(flags, cwd=directory, environ=environ)


def refusal(directory: Path, environ: Mapping[str, str] = NOTHING, **flags: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(directory, environ, **flags)
    return str(caught.value)


def test_without_any_source_every_setting_has_its_default(project: Path) -> None:
    loaded = load(project)
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert (loaded.file, loaded.warnings) == (None, ())


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert Settings().model_dump() == {
        "app": None,
        "queue": None,
        "state_store": None,
        "queues": ["default"],
        "processes": 1,
        "concurrency": 1,
        "lease_s": 15.0,
        "heartbeat_s": 3.0,
        "sweep_s": 1.0,
        "republish_s": 60.0,
        "grace_s": 25.0,
        "max_deliveries": 3,
        "max_payload_bytes": 1048576,
        "max_payload_depth": 64,
        "hang_s": 60.0,
        "max_jobs": None,
        "max_rss_mb": None,
        "retention_s": 604800.0,
        "timeout_s": None,
        "publish_to": [],
        "publish_results": True,
        "burst": False,
        "log_format": "console",
        "log_level": "info",
        "profile": None,
        "definitions": None,
        "allowed_services": ["public"],
        "credentials": {},
        "services_ca_file": None,
        "signing_keys": [],
        "public_url": None,
        "serve_host": "127.0.0.1",
        "serve_port": 8700,
        "token": None,
        "read_only": False,
        "allowed_hosts": [],
    }


def test_nothing_of_a_secret_is_shown_wherever_it_came_from(project: Path) -> None:
    secret = "s3cr3t-" * 4
    (project / "ergate.toml").write_text(
        f'signing_keys = ["{secret}"]\n[credentials.pay]\ntoken = "{secret}"\n'
    )
    settings = load_settings(environ={"ERGATE_TOKEN": secret}).settings
    assert settings.token == secret
    assert secret not in repr(settings)
    for environ in ({"ERGATE_TOKEN": "s3cr3t"}, {"ERGATE_CREDENTIALS": '"s3cr3t"'}):
        with pytest.raises(SettingsError) as caught:
            load_settings(environ=environ)
        assert "s3cr3t" not in str(caught.value)


def test_every_setting_says_what_it_means_and_what_form_it_has() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert expected_form(name), name


def test_the_order_is_flag_environment_profile_file_app_default(project: Path) -> None:
    (project / "ergate.toml").write_text(
        'queue = "file"\nprofile = "p"\n[profiles.p]\nqueue = "profile"\n'
    )
    plain, app = {"ERGATE_PROFILE": "p"}, {"queue": "app", "state_store": "app"}
    seen = []
    cases: list[tuple[Mapping[str, object], Mapping[str, str]]] = [
        ({"queue": "flag"}, plain | {"ERGATE_QUEUE": "variable"}),
        ({"queue": None}, plain | {"ERGATE_QUEUE": "variable"}),
        ({}, plain),
    ]
    for flags, environ in cases:
        loaded = load_settings(flags, app_values=app, cwd=project, environ=environ)
        seen.append((loaded.settings.queue, loaded.origins["queue"]))
    assert seen == [
        ("flag", "flag --queue"),
        ("variable", "environment ERGATE_QUEUE"),
        ("profile", "profile p in ergate.toml"),
    ]
    (project / "ergate.toml").write_text('\nqueue = "file"\n')
    loaded = load_settings(app_values=app, cwd=project, environ={})
    assert (loaded.settings.queue, loaded.origins["queue"]) == ("file", "ergate.toml:2")
    assert (loaded.settings.state_store, loaded.origins["state_store"]) == ("app", "app")
    assert loaded.file == project / "ergate.toml"


@pytest.mark.parametrize(
    ("name", "flag"),
    [("state_store", "--state"), ("grace_s", "--grace"), ("max_rss_mb", "--max-rss")],
)
def test_an_origin_names_the_flag_as_it_is_typed(project: Path, name: str, flag: str) -> None:
    value = "sqlite" if name == "state_store" else 5
    assert load_settings({name: value}, cwd=project, environ={}).origins[name] == f"flag {flag}"


def test_a_flag_that_is_no_setting_is_a_programming_error(project: Path) -> None:
    with pytest.raises(TypeError, match="no such settings: quue"):
        load(project, quue="x")


def test_pyproject_toml_is_read_when_there_is_no_ergate_toml(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ergate]\nconcurrency = 4\n")
    loaded = load(project)
    assert loaded.settings.concurrency == 4
    assert loaded.origins["concurrency"] == "pyproject.toml [tool.ergate]"
    (project / "ergate.toml").write_text("concurrency = 5\n")
    assert load(project).settings.concurrency == 5


def test_a_file_is_found_from_below_up_to_the_root_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "ergate.toml").write_text("concurrency = 9\n")
    project = tmp_path / "project"
    below = project / "a" / "b"
    below.mkdir(parents=True)
    assert load(below).settings.concurrency == 1
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load(below).settings.concurrency == 1
    (project / "ergate.toml").write_text("concurrency = 4\n")
    loaded = load(below)
    assert loaded.origins["concurrency"] == "../../ergate.toml:1"


def test_an_empty_variable_counts_as_not_given(project: Path) -> None:
    assert load(project, {"ERGATE_QUEUE": " "}).origins["queue"] == "default"


def test_variables_are_read_as_a_shell_writes_them(project: Path) -> None:
    settings = load(
        project,
        {
            "ERGATE_QUEUES": "fast, slow,fast",
            "ERGATE_PROCESSES": "AUTO",
            "ERGATE_BURST": "true",
            "ERGATE_LEASE_S": "1m",
            "ERGATE_RETENTION_S": "none",
            "ERGATE_LOG_FORMAT": "JSON",
        },
    ).settings
    assert settings.queues == ["fast", "slow"]
    assert settings.processes == "auto"
    assert settings.process_count >= 1
    assert settings.burst is True
    assert (settings.lease_s, settings.heartbeat_s) == (60.0, 12.0)
    assert settings.retention_s is None
    assert settings.log_format == "json"


def test_an_unknown_variable_is_a_warning_with_the_near_miss(project: Path) -> None:
    environ = {"ERGATE_PROCESES": "2", "ERGATE_FAILPOINT": "x", "ERGATE_TEST_REDIS": "y"}
    (warning,) = load(project, environ).warnings
    assert warning.startswith("The environment variable ERGATE_PROCESES is no setting")
    assert 'Did you mean "ERGATE_PROCESSES"?' in warning


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("concurency = 4\n", "ergate.toml: "),
        ("[profiles.p]\nconcurency = 4\n", "profile p in ergate.toml: "),
    ],
)
def test_an_unknown_key_is_refused_with_its_file_and_the_near_miss(
    project: Path, text: str, where: str
) -> None:
    (project / "ergate.toml").write_text(text)
    told = refusal(project)
    assert told.startswith(
        f'{where}unknown setting "concurency". Did you mean "concurrency"? Known: allowed_hosts, '
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"queue = ", "ergate.toml cannot be read"),
        (b"\xff\xfe", "ergate.toml cannot be read"),
        (b"profiles = 3\n", "[profiles] in ergate.toml must be a table of settings, not 3"),
        (b"[profiles]\np = 1\n", "[profiles.p] in ergate.toml must be a table of settings, not 1"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(
    project: Path, text: bytes, why: str
) -> None:
    (project / "ergate.toml").write_bytes(text)
    assert why in refusal(project)


def test_an_unknown_profile_is_refused_with_the_near_miss(project: Path) -> None:
    (project / "ergate.toml").write_text("[profiles.staging]\nburst = true\n")
    assert refusal(project, profile="stagin") == (
        'ergate.toml has no profile "stagin". Known: staging. Did you mean "staging"? '
        "A profile is a table [profiles.NAME]."
    )


def test_a_profile_without_a_file_is_refused(project: Path) -> None:
    assert 'There is no profile "staging"' in refusal(project, {"ERGATE_PROFILE": "staging"})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CONCURRENCY", "many", "'many' cannot be the setting concurrency: expected a whole num"),
        (
            "CONCURRENCY",
            "0",
            "'0' cannot be the setting concurrency: expected a whole number, at l",
        ),
        (
            "PROCESSES",
            "some",
            "'some' cannot be the setting processes: expected a whole number, at",
        ),
        ("LEASE_S", "soon", "'soon' cannot be the setting lease_s: expected seconds as a number"),
        ("LEASE_S", "0", "'0' cannot be the setting lease_s: expected seconds as a number"),
        ("QUEUES", ",", "',' cannot be the setting queues: expected queue names"),
        ("LOG_LEVEL", "loud", "'loud' cannot be the setting log_level: expected debug, info"),
        ("BURST", "perhaps", "'perhaps' cannot be the setting burst: expected true or false"),
        ("MAX_PAYLOAD_DEPTH", "250", "'250' cannot be the setting max_payload_depth: expected"),
        ("PUBLISH_TO", "a,b", '"a,b" cannot be the setting publish_to. "a,b" is no backend addr'),
        ("QUEUE", "h:1", '"h:1" cannot be the setting queue. "h:1" is no backend address'),
    ],
)
def test_a_bad_value_names_its_source_the_value_and_the_form(
    project: Path, name: str, value: str, told: str
) -> None:
    assert refusal(project, {f"ERGATE_{name}": value}).startswith(
        f"environment ERGATE_{name}: {told}"
    )


def test_a_truth_is_no_number(project: Path) -> None:
    (project / "ergate.toml").write_text("processes = true\n")
    assert refusal(project).startswith("ergate.toml:1: True cannot be the setting processes")


def test_all_bad_values_are_told_at_once(project: Path) -> None:
    told = refusal(project, {"ERGATE_LEASE_S": "x", "ERGATE_CONCURRENCY": "y"})
    assert len(told.splitlines()) == 2


def test_a_heartbeat_that_is_too_slow_for_the_lease_names_both_sources(project: Path) -> None:
    (project / "ergate.toml").write_text("lease_s = 20\n")
    told = refusal(project, {"ERGATE_HEARTBEAT_S": "11"})
    assert told.startswith("environment ERGATE_HEARTBEAT_S and ergate.toml:1: heartbeat_s (11)")


def test_secrets_show_neither_in_a_repr_nor_in_an_error(project: Path) -> None:
    settings = load(
        project, queue="redis://:hunter2@h", state_store="postgres://u:hunter2@h"
    ).settings
    assert "hunter2" not in f"{settings!r} {settings}"
    assert settings.queue == "redis://:hunter2@h"
    assert "hunter2" not in refusal(project, queue="redis://:hun/ter2hunter2@h")


def test_addresses_in_one_text_are_divided_but_not_their_hosts(project: Path) -> None:
    text = "kafka://a:1,b:2?prefix=shop, amqp://h/v  rabbitmq"
    settings = load(project, {"ERGATE_PUBLISH_TO": text}).settings
    assert settings.publish_to == ["kafka://a:1,b:2?prefix=shop", "amqp://h/v", "rabbitmq"]
    (project / "ergate.toml").write_text('publish_to = ["kafka"]')
    assert load(project).settings.publish_to == ["kafka"]
    assert load(project, {"ERGATE_PUBLISH_TO": "none"}).settings.publish_to == []


def test_secrets_of_journals_show_neither_in_a_repr_nor_in_an_error(project: Path) -> None:
    settings = load(project, publish_to=["kafka://h", "amqp://u:hunter2@h"]).settings
    assert "hunter2" not in f"{settings!r} {settings}"
    assert settings.publish_to == ["kafka://h", "amqp://u:hunter2@h"]
    for value in ("amqp://u:hun/ter2hunter2@h", ["amqp://u:hun/ter2hunter2@h"], "h:1 u:hunter2@h"):
        assert "hunter2" not in refusal(project, publish_to=value)


def test_an_endless_value_is_cut_in_the_error(project: Path) -> None:
    assert len(refusal(project, {"ERGATE_LOG_LEVEL": "x" * 100_000})) < 500


def test_importing_ergate_does_not_import_pydantic_settings() -> None:
    code = "import sys, ergate; print('pydantic_settings' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
