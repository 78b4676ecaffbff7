"""The languages of the screens: every text has its words in every catalogue, and no catalogue is stale."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from ahadi.base.errors import AhadiError, Invalid
from ahadi.cases import CaseAlreadyResolved
from ahadi.screens.languages import LOCALE, name_of_language, preferred, spoken
from ahadi.screens.reader import Reader, _, ngettext, reading
from ahadi.screens.sentences import FROM_BELOW, FROM_BELOW_WITH_PLACES, problem_text
from ahadi.screens.wording import failure_text

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


# A language that is complete has every text; others those of customers, of signing in, and around every page.
COMPLETE = {"sw"}
OF_CUSTOMERS = (
    "templates/public/", "templates/sign_in/", "templates/booking.html", "templates/components.html",
    "templates/layouts/plain.html", "templates/layouts/page.html", "templates/layouts/language.html",
    "templates/layouts/toasts.html", "templates/layouts/nav.html", "templates/problem.html",
    "brand.py", "customer_bookings.py", "customer_pages.py", "form_pages.py", "moments.py", "picking.py",
)  # fmt: skip


def _is_needed(message: Message, language: str) -> bool:
    return language in COMPLETE or any(place.startswith(OF_CUSTOMERS) for place, _line in message.locations)


def test_every_text_is_translated_in_every_number(catalogue: Path) -> None:
    with catalogue.open("rb") as file:
        held = read_po(file, locale=catalogue.parent.name)
    needed = [each for each in held if each.id and _is_needed(each, catalogue.parent.name)]
    assert len(needed) > 100
    for message in needed:
        forms = _forms(message.string)
        assert all(form.strip() for form in forms), message.id
        assert len(forms) == (held.num_plurals if message.pluralizable else 1), message.id
        assert not message.fuzzy, message.id
    assert not held.obsolete


def test_a_translation_has_the_placeholders_of_its_text(catalogue: Path) -> None:
    for message in _messages(catalogue):
        wanted = [set(_PLACEHOLDER.findall(form)) for form in _forms(message.id)]
        forms = [form for form in _forms(message.string) if form]
        for number, form in enumerate(forms):
            found = set(_PLACEHOLDER.findall(form))
            if len(forms) > 2:  # none, one and two are words of their own in some languages
                assert found <= wanted[-1] and (found == wanted[-1] or number < 3), message.id
            else:
                assert found == wanted[min(number, len(wanted) - 1)], message.id


def test_a_translation_ends_as_its_text_ends(catalogue: Path) -> None:
    for message in _messages(catalogue):
        wanted = _forms(message.id)[-1]
        for form in filter(None, _forms(message.string)):
            plain = form.rstrip("\u2069").replace("؟", "?")
            for mark in ".?:…":
                assert plain.endswith(mark) == wanted.endswith(mark), message.id


@pytest.mark.parametrize(
    ("header", "language"),
    [("sw-KE,sw;q=0.9,en;q=0.5", "sw"), ("en-GB", "en"), ("fr,de;q=0.5", "en"), ("fr, sw;q=0.2", "sw"), ("", "en")],
)
def test_the_browser_s_first_language_that_we_speak_is_used(header: str, language: str) -> None:
    assert preferred(header) == language


ARABIC = Reader("ar")


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "إشعار واحد من Ahadi"), (2, "إشعاران من Ahadi"), (3, "{n} إشعارات من Ahadi"), (11, "{n} إشعارًا من Ahadi"),
     (100, "{n} إشعار من Ahadi"), (103, "{n} إشعارات من Ahadi")],
)  # fmt: skip
def test_arabic_counts_in_its_six_forms(number: int, told: str) -> None:
    with reading(ARABIC):
        assert ngettext("{n} notice from Ahadi", "{n} notices from Ahadi", number) == told


def test_a_text_without_a_translation_is_an_island_of_english_where_writing_runs_the_other_way() -> None:
    with reading(ARABIC):
        assert _("How can we help?") == "كيف يمكننا مساعدتك؟"
        assert _("Nobody translates this.") == "\u2066Nobody translates this.\u2069"
    with reading(Reader("sw")):
        assert _("Nobody translates this.") == "Nobody translates this."


def test_arabic_is_written_from_right_to_left() -> None:
    assert (ARABIC.direction, Reader("sw").direction, Reader("en").direction) == ("rtl", "ltr", "ltr")
    assert spoken("ar-EG") == "ar" and name_of_language("ar") == "العربية"


def test_a_language_tag_with_a_country_is_spoken_by_its_language() -> None:
    assert (spoken("sw-KE"), spoken("sw_TZ"), spoken("xx"), spoken(None)) == ("sw", "sw", None, None)


# Sentences of the packages below ----------------------------------------------------------------------------------

SOURCES = ROOT / "src/ahadi"
# Whose errors a person at a screen, or a customer at their page, may be shown.
TELLING = [
    "cases/actions.py", "contacts/canned.py", "contacts/settling.py", "desk/actions.py", "desk/macros.py",
    "contacts/telling.py", "customers/identities.py",
    "directory/sign_in.py", "directory/credentials.py", "directory/acting_as.py", "directory/devices.py",
    "directory/passkeys.py", "directory/oidc.py", "directory/providers.py", "directory/single_sign_on.py",
    "directory/recognising.py", "intake/direct_line.py", "platform/files.py",
    "routing/drafting.py", "routing/drafts.py", "routing/jdm.py",
    "platform/security/passwords.py", "promises/actions.py",
    "promises/bookings.py", "promises/calling.py",
]  # fmt: skip
UNSEEN = {  # for programs, or never raised by what a screen sends
    "Only the clock breaks a promise.",
    "This is not a handle; write the channel, a colon and the name, such as telegram:maria.",
    "This token is not known, was revoked or has expired; use another.",
    "Your sign-in has ended; sign in again.",  # leads to the sign-in instead
    "A draft is of a reply or of a note.",
    "After sending one stays, goes to the next case, or closes this one.",
    "A deed is one of {}, not {}.",
    "There is no person or department {}; name one by id or short name.",
    "This message is {}; nothing is left to decide.",
    "This message is {} already; it cannot be taken back.",
}


def _sentences(path: Path) -> Iterator[str]:
    """Every text of a source file, with {} where a value stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values]
            yield "".join(parts)


def _raised(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            first = node.exc.args[0]
            if isinstance(first, ast.Constant | ast.JoinedStr):
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in parts)


def _with_gaps(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "{}", text)


def test_every_sentence_translated_from_below_is_still_said_there() -> None:
    below = [path for path in SOURCES.rglob("*.py") if "screens" not in path.parts]
    said = {text for path in below for text in _sentences(path)}
    gone = [text for text in (*FROM_BELOW, *FROM_BELOW_WITH_PLACES) if _with_gaps(text) not in said]
    assert not gone


@pytest.mark.parametrize("source", TELLING)
def test_what_the_packages_below_refuse_is_told_in_every_language(source: str) -> None:
    known = {_with_gaps(text) for text in (*FROM_BELOW, *FROM_BELOW_WITH_PLACES)} | UNSEEN
    known |= {str(each.id) for path in CATALOGUES for each in _messages(path)}
    untold = [text for text in _raised(SOURCES / source) if text not in known and " " in text]
    assert not untold


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Invalid("The password needs at least 10 characters; a few words make a good one."),
         "Nywila inahitaji angalau herufi 10; maneno machache hufaa."),
        (Invalid("https://x.example/50% is not a link of ours; an SMS carries only links we issued."),
         "https://x.example/50% si kiungo chetu; SMS hubeba viungo tulivyotoa tu."),
        (Invalid("The password is wrong; try again."), "Nywila si sahihi; jaribu tena."),
        (Invalid("Something nobody has words for."), "Something nobody has words for."),
        (CaseAlreadyResolved("PW-X"), "Kesi hii imekamilika; ifungue tena kwanza."),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_the_reader_s_language(problem: AhadiError, told: str) -> None:
    with reading(Reader(language="sw")):
        assert problem_text(problem) == told
    with reading(Reader(language="en")):
        assert problem_text(Invalid(problem.sentence)) == problem.sentence


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("smtp-recipient-5.1.1", "The mail server does not take mail for this address."),
        ("smtp-connection", "The mail server could not be reached."),
        ("sender-silent", "The process that sent it stopped before it could say what became of it."),
        ("smtp-content-5.7.1", "Reason: smtp-content-5.7.1"),
        (None, ""),
    ],
)
def test_why_a_message_did_not_go_is_told_in_words_where_there_are_some(code: str | None, told: str) -> None:
    assert failure_text(code) == told
