"""Templates are compiled once: what they compiled to is kept for the next start."""

from pathlib import Path

import pytest
from jinja2 import Environment

from ahadi.platform.web import Statics
from ahadi.screens import compiled, pages
from ahadi.screens.pages import Screens

STATICS = Statics(pages.TEMPLATES.parent / "static")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has just begun."""
    monkeypatch.setattr(compiled, "_known", {})


def refuse(*_args: object, **_options: object) -> None:
    raise AssertionError("a template was compiled")


@pytest.mark.usefixtures("forgetful")
def test_the_second_start_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Screens(STATICS, tmp_path / "compiled").compile_all()
    assert len(list((tmp_path / "compiled").iterdir())) == len(names)
    compiled._known.clear()
    monkeypatch.setattr(Environment, "compile", refuse)
    assert Screens(STATICS, tmp_path / "compiled").compile_all() == names


@pytest.mark.usefixtures("forgetful")
def test_a_process_compiles_once_without_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    Screens(STATICS).compile_all()
    monkeypatch.setattr(Environment, "compile", refuse)
    Screens(STATICS).compile_all()


@pytest.mark.usefixtures("forgetful")
def test_what_was_kept_of_another_text_or_is_broken_is_compiled_anew(tmp_path: Path) -> None:
    names = Screens(STATICS, tmp_path).compile_all()
    for number, each in enumerate(sorted(tmp_path.iterdir())):
        whole = each.read_bytes()
        each.write_bytes(b"" if number % 3 == 0 else b"not code" if number % 3 == 1 else whole[:-40])
    compiled._known.clear()
    assert Screens(STATICS, tmp_path).compile_all() == names


@pytest.mark.usefixtures("forgetful")
def test_a_folder_that_cannot_be_made_costs_time_and_nothing_else(tmp_path: Path) -> None:
    in_the_way = tmp_path / "compiled"
    in_the_way.write_text("a file")
    assert Screens(STATICS, in_the_way).compile_all()


@pytest.mark.usefixtures("forgetful")
def test_other_options_do_not_use_what_was_kept(tmp_path: Path) -> None:
    screens = Screens(STATICS, tmp_path)
    screens.compile_all()
    cache = compiled.CompiledTemplates(tmp_path)
    path = pages.TEMPLATES / "me.html"

    def kept(environment: Environment) -> bool:
        return cache.get_bucket(environment, "me.html", str(path), path.read_text(encoding="utf-8")).code is not None

    assert kept(screens._environment)
    assert not kept(Environment(autoescape=True))
