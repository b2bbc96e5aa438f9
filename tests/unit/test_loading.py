"""A target leads to the user's object, or to a letter that says which part of it is wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from ergate.errors import LoadError
from ergate.loading import find_app, load_app, load_object


class App:
    """Stands for what is looked for; user modules get it from this very module."""


MAKE = "from tests.unit.test_loading import App\n"


@pytest.fixture(autouse=True)
def clean_imports(work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test its own `sys.path`, and forget the modules that it imported."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(work_dir) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


def write(path: str, source: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(MAKE + source)
    return file


def refusal(target: str) -> str:
    with pytest.raises(LoadError) as caught:
        load_app(target, App)
    return str(caught.value)


def test_a_module_and_an_attribute_lead_to_the_object(work_dir: Path) -> None:
    write("shop.py", "app = App()\nclass Box: inner = 7\n")
    assert load_object("shop:Box.inner") == 7
    assert load_app("shop:app", App) is load_object("shop:app")


def test_a_module_within_a_package_is_found(work_dir: Path) -> None:
    write("pack/__init__.py", "")
    write("pack/shop.py", "app = App()\n")
    assert isinstance(load_app("pack.shop:app", App), App)


def test_a_file_is_imported_under_its_stem_and_can_import_its_neighbours(work_dir: Path) -> None:
    write("deep/down/neighbour.py", "value = 5\n")
    write("deep/down/shop.py", "import neighbour\napp = App()\n")
    assert load_object("deep/down/shop.py:neighbour.value") == 5
    assert "shop" in sys.modules


def test_the_same_module_is_loaded_once_whatever_names_it(work_dir: Path) -> None:
    write("pack/__init__.py", "")
    write("pack/shop.py", "app = App()\n")
    by_file = load_app("pack/shop.py:app", App)
    assert load_app("pack.shop:app", App) is by_file
    assert load_app(f"{work_dir}/pack/shop.py:app", App) is by_file


@pytest.mark.parametrize("target", ["shop:make", "shop:make()", "shop:make_more"])
def test_a_function_that_needs_nothing_is_called_for_the_app(work_dir: Path, target: str) -> None:
    write("shop.py", "def make(): return App()\ndef make_more(n=1, **more): return App()\n")
    assert isinstance(load_app(target, App), App)


def test_load_object_calls_only_when_it_is_told_to(work_dir: Path) -> None:
    write("shop.py", "def five(): return 5\n")
    assert callable(load_object("shop:five"))
    assert load_object("shop:five()") == 5


@pytest.mark.parametrize("target", ["shop", "shop:", "shop.py"])
def test_a_target_without_an_attribute_gets_the_apps_of_the_module(
    work_dir: Path, target: str
) -> None:
    write("shop.py", "front = App()\n_hidden = App()\n")
    location = target.rstrip(":")
    assert refusal(target) == (
        f'"{target}" does not say which attribute. Did you mean {location}:front? '
        "Write package.module:attribute or path/to/file.py:attribute."
    )


@pytest.mark.parametrize("target", ["", ":", ":app", "()"])
def test_a_target_that_is_hardly_there_is_refused(work_dir: Path, target: str) -> None:
    assert "does not say which attribute" in refusal(target)


def test_a_module_that_is_not_there_gets_the_directory_and_the_near_miss(work_dir: Path) -> None:
    write("shop.py", "")
    assert refusal("shp:app") == (
        f'"shp:app": there is no module "shp" in {work_dir} or among the installed packages. '
        'Did you mean "shop"? There: shop.'
    )


def test_a_file_that_is_not_there_gets_the_near_miss(work_dir: Path) -> None:
    write("shop.py", "")
    told = refusal("shp.py:app")
    assert told == (
        f'"shp.py:app": there is no file {work_dir}/shp.py. Did you mean "shop.py"? There: shop.py.'
    )


def test_a_path_without_its_ending_is_completed(work_dir: Path) -> None:
    write("deep/shop.py", "")
    assert 'Did you mean "deep/shop.py"?' in refusal("deep/shop:app")


def test_an_attribute_that_is_not_there_gets_the_apps_of_the_module(work_dir: Path) -> None:
    write("shop.py", "front = App()\nback = App()\n")
    assert refusal("shop:app") == (
        'shop has no attribute "app". Did you mean shop:front or shop:back?'
    )


def test_an_attribute_that_is_not_there_gets_the_near_miss(work_dir: Path) -> None:
    write("shop.py", "counter = 1\n")
    with pytest.raises(LoadError) as caught:
        load_object("shop:countr")
    assert str(caught.value) == 'shop has no attribute "countr". Did you mean "counter"?'


def test_an_attribute_of_the_wrong_type_is_told_with_both_types(work_dir: Path) -> None:
    write("shop.py", "app = 5\nfront = App()\n")
    assert refusal("shop:app") == '"shop:app" is an int, not an App. Did you mean shop:front?'


def test_the_class_itself_is_no_app(work_dir: Path) -> None:
    write("shop.py", "")
    assert refusal("shop:App") == '"shop:App" is a type, not an App. shop holds no App.'


def test_what_cannot_be_called_is_refused(work_dir: Path) -> None:
    write("shop.py", "app = 5\n")
    assert refusal("shop:app()") == '"shop:app()" is an int and cannot be called.'


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f():\n    import not_there_at_all\nf()\n", ModuleNotFoundError),
        ("def f():\n    return 1 / 0\nf()\n", ZeroDivisionError),
        ("def f():\n    raise SystemExit(3)\nf()\n", SystemExit),
    ],
)
def test_an_error_inside_the_users_module_keeps_only_the_users_frames(
    work_dir: Path, source: str, kind: type[BaseException]
) -> None:
    write("shop.py", source)
    with pytest.raises(LoadError, match=f'"shop:app": importing shop failed: {kind.__name__}') as e:
        load_app("shop:app", App)
    cause = e.value.__cause__
    assert isinstance(cause, kind)
    frames = traceback.extract_tb(cause.__traceback__)
    assert [Path(frame.filename).name for frame in frames] == ["shop.py", "shop.py"]


def test_a_syntax_error_is_told_with_its_line(work_dir: Path) -> None:
    write("shop.py", "def f(:\n")
    assert "SyntaxError" in refusal("shop:app")
    assert "shop.py, line 2" in refusal("shop:app")


def test_a_factory_that_fails_is_told_with_its_own_error(work_dir: Path) -> None:
    write("shop.py", "def make(): raise KeyError('x')\n")
    assert refusal("shop:make") == "The call that \"shop:make\" asks for failed: KeyError: 'x'"


def test_a_file_whose_name_is_taken_is_refused(work_dir: Path) -> None:
    write("json.py", "app = App()\n")
    assert "Rename json.py." in refusal("json.py:app")


@pytest.mark.parametrize("name", ["app", "main", "myapp"])
def test_the_one_app_in_a_usual_file_is_found(work_dir: Path, name: str) -> None:
    write(f"{name}.py", "mine = App()\nalso = mine\n")
    assert find_app(App) == f"{name}:mine"
    assert isinstance(load_app(find_app(App), App), App)


def test_an_app_that_another_file_imports_is_still_one(work_dir: Path) -> None:
    write("app.py", "app = App()\n")
    write("main.py", "from app import app\n")
    assert find_app(App) == "app:app"


def test_several_apps_must_be_chosen_from(work_dir: Path) -> None:
    write("app.py", "one = App()\n")
    write("main.py", "two = App()\n")
    with pytest.raises(LoadError, match=r"holds more than one: app:one, main:two. Name one"):
        find_app(App)


def test_no_app_at_all_says_where_it_looked(work_dir: Path) -> None:
    with pytest.raises(
        LoadError, match=r"none was found in app.py, main.py, myapp.py: .* has none"
    ):
        find_app(App)
    write("main.py", "")
    with pytest.raises(LoadError, match=r"main.py in .* hold no App"):
        find_app(App)


def test_a_usual_file_that_fails_is_told_when_nothing_else_was_found(work_dir: Path) -> None:
    write("app.py", "1 / 0\n")
    with pytest.raises(LoadError, match="ZeroDivisionError"):
        find_app(App)
    write("main.py", "app = App()\n")
    assert find_app(App) == "main:app"
