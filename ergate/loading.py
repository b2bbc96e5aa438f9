"""Finds an object of the user's by a text such as `package.module:attribute`.

A mistake in the text is explained by us; a mistake in the user's module is shown with their own
frames, as Python would have shown it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TypeVar

from ergate.errors import LoadError, UsageError, did_you_mean

T = TypeVar("T")


class NoAppError(LoadError):
    """No app was named, and none lies in a usual file."""


USUAL_FILES = ("app.py", "main.py", "myapp.py")
_FORM = "Write package.module:attribute or path/to/file.py:attribute."


def load_object(target: str) -> object:
    """Return what a target names; a trailing `()` calls it.

    The working directory, or the file's, is put on `sys.path`. A module that was imported before
    is not loaded again. Raises `LoadError`, whose cause is the user's own error if there is one.
    """
    return _load(target, None)


def load_app(target: str, expected: type[T]) -> T:
    """Return the instance of `expected` that a target names.

    A function without required parameters is called and must return one.
    Raises `LoadError`, as `load_object` does, also when the object has another type.
    """
    found = _load(target, expected)
    if _is_factory(found):
        found = _call(found, target)
    if not isinstance(found, expected):
        location, _ = _split(target, expected)
        raise LoadError(
            f'"{target}" is {_article(type(found).__name__)}, not {_article(expected.__name__)}.'
            f"{_candidates_hint(location, _import(location, target), expected)}"
        )
    return found


def find_app(expected: type[T], directory: Path | None = None) -> str:
    """Return the target of the one instance of `expected` in `app.py`, `main.py` or `myapp.py`.

    Looks in `directory`, else in the working directory, and imports those files.
    Raises `NoAppError` when there is none, and `LoadError` when there is more than one.
    """
    place = (directory or Path.cwd()).resolve()
    files = [place / name for name in USUAL_FILES if (place / name).is_file()]
    found: dict[int, str] = {}
    failures: list[LoadError] = []
    for file in files:
        try:
            module = _import_file(file, str(file))
        except LoadError as exc:
            failures.append(exc)
            continue
        for name, value in _instances(module, expected).items():
            # An app that main.py imports from app.py is one app, not two.
            found.setdefault(id(value), f"{module.__name__}:{name}")
    if len(found) == 1:
        return next(iter(found.values()))
    if not found and failures:
        raise failures[0]
    message = _none_or_many(expected, place, files, sorted(found.values()))
    raise LoadError(message) if found else NoAppError(message)


def target_of(app: object) -> str:
    """Return how another process can find an app: `module:attribute` or `file.py:attribute`.

    Raises `UsageError` when it is not an attribute of a module.
    """
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if hasattr(module, "__dict__") else ():
            if value is app:
                file = getattr(module, "__file__", None)
                is_script = module.__name__ == "__main__" and file is not None
                place = Path(file or "").resolve() if is_script else module.__name__
                return f"{place}:{name}"
    raise UsageError(
        "Several processes need an app that each of them can import. "
        "Make it an attribute of a module: app = Ergate(...)."
    )


def _none_or_many(expected: type, place: Path, files: list[Path], found: list[str]) -> str:
    if found:
        return (
            f"No app was named, and {place} holds more than one: {', '.join(found)}. "
            f"Name one of them, for example {found[0]}."
        )
    seen = ", ".join(file.name for file in files)
    looked = f"{seen} in {place} hold no {expected.__name__}" if seen else f"{place} has none"
    return (
        f"No app was named, and none was found in {', '.join(USUAL_FILES)}: {looked}. "
        "Name it, as in myapp:app, or set `app` in ergate.toml."
    )


def _load(target: str, expected: type | None) -> object:
    location, attribute = _split(target, expected)
    module = _import(location, target)
    name = attribute.removesuffix("()")
    value: object = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadError(_no_attribute(location, name, value, part, module, expected)) from None
    return _call(value, target) if attribute.endswith("()") else value


def _split(target: str, expected: type | None) -> tuple[str, str]:
    location, colon, attribute = target.strip().rpartition(":")
    if colon and location and attribute.removesuffix("()"):
        return location, attribute
    location = location or attribute if colon else target.strip()
    raise LoadError(f'"{target}" does not say which attribute.{_guess(location, expected)} {_FORM}')


def _guess(location: str, expected: type | None) -> str:
    """Look into the module, if it can be imported, for what was probably meant."""
    if expected is None or not location:
        return ""
    try:
        module = _import(location, location)
    except LoadError:
        return f" Did you mean {location}:app?"
    return _candidates_hint(location, module, expected)


def _candidates_hint(location: str, module: ModuleType, expected: type) -> str:
    names = list(_instances(module, expected))
    if not names:
        return f" {location} holds no {expected.__name__}."
    return f" Did you mean {' or '.join(f'{location}:{name}' for name in names)}?"


def _no_attribute(
    location: str, name: str, owner: object, part: str, module: ModuleType, expected: type | None
) -> str:
    near = did_you_mean(part, [known for known in dir(owner) if not known.startswith("_")])
    hint = _candidates_hint(location, module, expected) if expected else ""
    if expected and _instances(module, expected):
        near = ""  # the names of apps say more than a name that merely looks alike
    return f'{location} has no attribute "{name}".{near}{hint}'


def _instances(module: ModuleType, expected: type[T]) -> dict[str, T]:
    return {n: v for n, v in vars(module).items() if isinstance(v, expected) and n[0] != "_"}


def _is_factory(value: object) -> bool:
    # A class is not: `myapp:Ergate` would silently run an app without workflows.
    if not inspect.isfunction(value):
        return False
    parameters = inspect.signature(value).parameters.values()
    fixed = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return all(p.default is not p.empty for p in fixed)


def _call(factory: object, target: str) -> object:
    if not callable(factory):
        raise LoadError(f'"{target}" is {_article(type(factory).__name__)} and cannot be called.')
    return _run(factory, f'The call that "{target}" asks for failed')


def _import(location: str, target: str) -> ModuleType:
    _put_on_path(Path.cwd())
    if location.endswith(".py"):
        return _import_file(Path(location), target)
    if not all(part.isidentifier() for part in location.split(".")):
        raise LoadError(
            f'"{location}" is neither a module nor a Python file.{_near(location)} {_FORM}'
        )
    return _import_module(location, target)


def _import_file(file: Path, target: str) -> ModuleType:
    path = file.resolve()
    if not path.is_file():
        others = [one.name for one in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = did_you_mean(path.name, others)
        raise LoadError(f'"{target}": there is no file {path}.{near} {_listed(others)}')
    root, name = path.parent, path.stem
    # Inside a package the file keeps its full name, or an import of it would load it again.
    while (root / "__init__.py").is_file():
        root, name = root.parent, f"{root.name}.{name}"
    _put_on_path(root)
    module = _import_module(name.removesuffix(".__init__"), target)
    other = getattr(module, "__file__", None)
    if other is None or not path.samefile(other):
        raise LoadError(
            f'"{target}": the name "{name}" already belongs to {other or "a built-in module"}. '
            f"Rename {path.name}."
        )
    return module


def _import_module(name: str, target: str) -> ModuleType:
    importlib.invalidate_caches()  # the file may be younger than Python's look at its directory

    def load() -> ModuleType:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as exc:
            if exc.name is None or not f"{name}.".startswith(f"{exc.name}."):
                raise  # something that the user's module imports
            raise LoadError(
                f'"{target}": there is no module "{exc.name}" in {Path.cwd()} or among the '
                f"installed packages.{_near(name)}"
            ) from None

    return _run(load, f'"{target}": importing {name} failed')


def _near(name: str) -> str:
    directory = Path.cwd()
    stems = [one.stem for one in directory.glob("*.py")]
    stems += [one.parent.name for one in directory.glob("*/__init__.py")]
    if Path(name + ".py").is_file():
        return f' Did you mean "{name}.py"?'
    return did_you_mean(re.split(r"[./]", name)[0], stems) + " " + _listed(stems)


def _listed(names: list[str]) -> str:
    return f"There: {', '.join(sorted(names)[:10])}." if names else "No Python file is there."


def _put_on_path(directory: Path) -> None:
    entry = str(directory.resolve())
    if entry not in sys.path:
        sys.path.insert(0, entry)


R = TypeVar("R")


def _run(call: Callable[[], R], what: str) -> R:
    """Run the user's code; its error becomes the cause, cut to the user's own frames."""
    try:
        return call()
    except LoadError:
        raise
    # SystemExit too: a script without a main guard must not end us without a word.
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - it becomes the cause
        cause = exc.with_traceback(_user_frames(exc.__traceback__))
        raise LoadError(f"{what}: {type(exc).__name__}: {exc}") from cause


def _user_frames(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None:
        file = frames.tb_frame.f_code.co_filename
        if file not in (__file__, importlib.__file__) and not file.startswith("<frozen importlib"):
            return frames
        frames = frames.tb_next
    return None


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
