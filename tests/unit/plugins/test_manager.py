"""Plugins are found by entry point; a broken one is noted and stops nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest

from ergate.contracts.backend import Backend
from ergate.errors import SettingsError
from ergate.plugins.manager import Plugins, load_plugins

HOOK = """
from ergate.contracts.backend import Backend
from ergate.plugins.hookspecs import hookimpl

@hookimpl
def ergate_register_backends(register):
    register({what})
"""


NUMBERS = itertools.count()


class Installer:
    """Writes plugin modules that are importable for one test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, name: str, source: str, *, distribution: str = "stranger") -> EntryPoint:
        # A new name each time: a module of an earlier test is still imported.
        module = f"ergate_test_plugin_{name}_{next(NUMBERS)}"
        (self.directory / f"{module}.py").write_text(source)
        info = self.directory / f"{distribution}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ergate]\n{name} = {module}\n")
        (entry_point,) = PathDistribution(info).entry_points
        return entry_point


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., EntryPoint]:
    monkeypatch.syspath_prepend(tmp_path)
    return Installer(tmp_path)


def names(plugins: Plugins) -> tuple[str, ...]:
    return plugins.registry.names


def test_a_strangers_backend_is_found_by_its_name_and_its_schemes(
    install: Callable[..., EntryPoint],
) -> None:
    what = "Backend(name='mine', summary='Mine', schemes=('mines',))"
    registry = load_plugins([install("good", HOOK.format(what=what))]).registry
    expected = Backend(name="mine", summary="Mine", schemes=("mines",))
    assert registry.find("mine") == expected
    assert registry.find("MINES") == expected
    assert [one.distribution for one in registry.registrations] == ["stranger"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import a_client_that_is_not_there", "No module named 'a_client_that_is_not_there'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (HOOK.format(what="1 / 0"), "ZeroDivisionError"),
        (HOOK.format(what="'redis'"), "register() takes a Backend, not str"),
        (HOOK.replace("_backends(", "_backend(").format(what="None"), "ergate_register_backend"),
        (HOOK.replace("(register)", "(wrong)").format(what="None"), "wrong"),
    ],
)
def test_a_broken_plugin_is_noted_and_the_next_one_still_loads(
    install: Callable[..., EntryPoint], source: str, reason: str
) -> None:
    broken = install("broken", source, distribution="broken-things")
    good = install("sound", HOOK.format(what="Backend(name='mine', summary='Mine')"))
    plugins = load_plugins([broken, good])
    assert names(plugins) == ("mine",)
    (problem,) = plugins.problems
    assert 'The plugin "broken" of the distribution "broken-things" was left out' in str(problem)
    assert reason in str(problem)


def test_a_name_that_two_distributions_claim_is_refused_only_when_it_is_used(
    install: Callable[..., EntryPoint],
) -> None:
    one = install("one", HOOK.format(what="Backend(name='twice', summary='1')"), distribution="d1")
    two = install("two", HOOK.format(what="Backend(name='twice', summary='2')"), distribution="d2")
    other = install("other", HOOK.format(what="Backend(name='once', summary='3')"))
    registry = load_plugins([one, two, other]).registry
    assert registry.find("once") is not None
    with pytest.raises(
        SettingsError, match='"twice" is claimed by the distributions "d1" and "d2"'
    ):
        registry.find("twice")
    assert len(registry.conflicts) == 1


def test_an_entry_point_that_is_listed_twice_registers_once(
    install: Callable[..., EntryPoint],
) -> None:
    point = install("single", HOOK.format(what="Backend(name='mine', summary='Mine')"))
    plugins = load_plugins([point, point])
    assert plugins.registry.conflicts == ()
    assert names(plugins) == ("mine",)


def test_the_example_in_the_hooks_documentation_works(install: Callable[..., EntryPoint]) -> None:
    from ergate.plugins import hookspecs

    text = hookspecs.ergate_register_backends.__doc__ or ""
    code = text.split("plugin.py`:")[1].split("with these lines")[0]
    source = "\n".join(line.removeprefix("        ") for line in code.splitlines())
    assert names(load_plugins([install("documented", source)])) == ("mine",)


def test_importing_ergate_and_the_resolver_does_not_import_pluggy() -> None:
    code = "import sys, ergate, ergate.plugins.resolve; print('pluggy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
