"""The languages of the screens: every text has its words in every catalogue, and no catalogue is stale."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from ahadi.screens.languages import LOCALE, preferred, spoken

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted(LOCALE.glob("*/screens.po"))
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_loader("messages", None)
    assert spec
    module = importlib.util.module_from_spec(spec)
    path = ROOT / "scripts/messages"
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
    return module


def _messages(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [each for each in read_po(file, locale=path.parent.name) if each.id]


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text or ""),)


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.parent.name)
def catalogue(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_screens_speak_swahili() -> None:
    assert "sw" in [path.parent.name for path in CATALOGUES]


def test_a_catalogue_holds_every_text_of_the_source_and_no_other(catalogue: Path) -> None:
    stale = "run scripts/messages, then translate what is empty"
    assert catalogue.read_text(encoding="utf-8") == _tool().updated(catalogue), stale


def test_every_text_is_translated_in_every_number(catalogue: Path) -> None:
    with catalogue.open("rb") as file:
        held = read_po(file, locale=catalogue.parent.name)
    for message in (each for each in held if each.id):
        forms = _forms(message.string)
        assert all(form.strip() for form in forms), message.id
        assert len(forms) == (held.num_plurals if message.pluralizable else 1), message.id
        assert not message.fuzzy, message.id
    assert not held.obsolete


def test_a_translation_has_the_placeholders_of_its_text(catalogue: Path) -> None:
    for message in _messages(catalogue):
        wanted = [set(_PLACEHOLDER.findall(form)) for form in _forms(message.id)]
        for number, form in enumerate(_forms(message.string)):
            assert set(_PLACEHOLDER.findall(form)) == wanted[min(number, len(wanted) - 1)], message.id


def test_a_translation_ends_as_its_text_ends(catalogue: Path) -> None:
    for message in _messages(catalogue):
        wanted = _forms(message.id)[-1]
        for form in _forms(message.string):
            for mark in ".?:…":
                assert form.endswith(mark) == wanted.endswith(mark), message.id


@pytest.mark.parametrize(
    ("header", "language"),
    [("sw-KE,sw;q=0.9,en;q=0.5", "sw"), ("en-GB", "en"), ("fr,de;q=0.5", "en"), ("fr, sw;q=0.2", "sw"), ("", "en")],
)
def test_the_browser_s_first_language_that_we_speak_is_used(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_language_tag_with_a_country_is_spoken_by_its_language() -> None:
    assert (spoken("sw-KE"), spoken("sw_TZ"), spoken("xx"), spoken(None)) == ("sw", "sw", None, None)
