"""What a person sees of the package is listed, sorted and explained."""

from __future__ import annotations

import importlib.resources
import inspect
import re

import ergate
from ergate import errors


def test_public_names_are_sorted_and_listed_once() -> None:
    names = [name for name in ergate.__all__ if not name.startswith("__")]
    assert names == sorted(set(names))


def test_every_public_name_exists() -> None:
    assert [name for name in ergate.__all__ if not hasattr(ergate, name)] == []


def test_every_public_class_and_function_has_a_docstring_of_its_own() -> None:
    silent = [
        name
        for name in ergate.__all__
        if (inspect.isclass(value := getattr(ergate, name)) or inspect.isroutine(value))
        and not (vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__)
    ]
    assert silent == []


def test_every_error_is_in_the_tree_at_the_top_of_errors() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, BaseException)
    }
    tree = set(re.findall(r"(?:── |^ {4})(\w+)", errors.__doc__ or "", re.MULTILINE))
    assert tree == classes


def test_every_error_has_a_documented_exit_code() -> None:
    codes = {
        value.exit_code
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.ErgateError)
    }
    assert codes <= {1, 2, 3, 4}


def test_the_typing_marker_is_installed_with_both_packages() -> None:
    for package in ("ergate", "ergate_backends"):
        where = importlib.resources.files(package)
        assert (where / "py.typed").is_file()
