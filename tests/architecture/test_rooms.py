"""Every line has one room, and rooms only look down."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT, imported_modules, read_sources


def test_higher_rooms_import_lower_ones_and_never_back() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_layer_rules_have_no_exceptions_list() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    assert [rule["name"] for rule in contracts if "ignore_imports" in rule] == []


def test_no_module_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "misc", "common"}
    names = [source.name for source in read_sources() if vague & set(source.path.parts)]
    names += [source.name for source in read_sources() if source.path.stem in vague]
    assert names == []


def test_a_backend_takes_names_from_rooms_and_not_from_the_package() -> None:
    # `from ergate import Ergate` would pull in the app, which the import linter cannot tell
    # from `from ergate import errors`.
    names = [
        source.name
        for source in read_sources("ergate_backends")
        if "ergate" in set(imported_modules(source.tree))
    ]
    assert names == []
