"""Pages: compiled once, rendered for a reader. A request of htmx gets the changed parts without what surrounds them."""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ahadi.base.clock import iso
from ahadi.base.text import browser_name
from ahadi.board import FEWEST_WEEKS, Scope
from ahadi.customers import Customer
from ahadi.directory import Directory, Organisation
from ahadi.platform.web import Statics
from ahadi.screens import (
    audit_wording,
    board_wording,
    moments,
    offer_wording,
    rota_wording,
    settings_wording,
    template_words,
    wording,
)
from ahadi.screens.compiled import CompiledTemplates
from ahadi.screens.drawn import Drawn, hue, initials
from ahadi.screens.frame import Frame
from ahadi.screens.languages import languages, name_of_language, spoken
from ahadi.screens.reader import Reader, _, ngettext, place_of, present, reading, zones
from ahadi.screens.rendering import ScreenContext, said
from ahadi.screens.rota_week import clock_span

TEMPLATES = Path(__file__).parent / "templates"
DONE_COOKIE = "ahadi-done"
_WORDINGS = (wording, template_words, board_wording, offer_wording, rota_wording, settings_wording)
_YEAR = 31_536_000  # seconds


@dataclass(frozen=True, slots=True)
class Done:
    """What was just done, told once on the next page. `subject` is what it was done to, for a way back."""

    code: str
    subject: str = ""


class Screens:
    """The templates, with what every one of them may use; their compiled form is kept in the folder if there is one."""

    def __init__(self, statics: Statics, folder: Path | None = None) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=CompiledTemplates(folder),
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]
        self._environment.policies["ext.i18n.trimmed"] = True
        self._environment.context_class = ScreenContext
        self._environment.globals.update(
            _=said,
            url=statics.url,
            sprite=statics.url("vendor/lucide-static/icons.svg"),
            drawn=Drawn(statics.url("vendor/lucide-static/icons.svg")),
            present=present,
            patterns=lambda: json.dumps(moments.patterns(), ensure_ascii=False),
            desk_words=lambda: json.dumps(wording.desk_words(), ensure_ascii=False),
            languages=lambda: [(each, name_of_language(each)) for each in languages()],
            zones=zones,
            usual_dues=moments.usual_dues,
            organisation_choices=organisation_choices,
            taking_choices=taking_choices,
            departments_of=departments_of,
            fewest_weeks=FEWEST_WEEKS,
            language_choices=language_choices,
            kind_choices=lambda kinds: [(each, wording.kind_name(each)) for each in kinds],
            prefixed=lambda prefix, choices: [(prefix + value, text) for value, text in choices],
            audit_step=audit_wording.step_name,
            clock_span=clock_span,
            **{name: getattr(each, name) for each in _WORDINGS for name in each.__all__},
        )
        self._environment.filters.update(
            iso=iso,
            exact=moments.exact,
            clock=moments.clock,
            clock_there=moments.clock_there,
            place=place_of,
            pair=lambda zone: (zone, zone.replace("_", " ")),
            day=moments.day,
            relative=moments.relative,
            urgency=moments.urgency,
            iso_local=moments.iso_local,
            initials=initials,
            hue=hue,
            groupby_urgency=by_urgency,
            reach=reach,
            browser=browser_name,
            local=lambda moment: present().local(moment),
            weekday=rota_wording.weekday,
            missing=wording.missing_name,
            isolated=isolated,
            language_name=lambda language: name_of_language(language) if spoken(language) else language,
        )

    @property
    def icons(self) -> list[str]:
        """The names of the one set of icons."""
        sprite = Path(__file__).parent / "static/vendor/lucide-static/icons.svg"
        return re.findall(r'<symbol id="([a-z0-9-]+)"', sprite.read_text(encoding="utf-8"))

    def compile_all(self) -> list[str]:
        """Compile every template, so that none is compiled while somebody waits; their names."""
        names = self._environment.list_templates()
        for each in names:
            self._environment.get_template(each)
        return names

    def text(self, reader: Reader, template: str, **values: Any) -> str:
        """A template's text for a reader."""
        with reading(reader):
            return self._environment.get_template(template).render(values)

    def page(
        self,
        request: Request,
        reader: Reader,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """A page, or for htmx only its changing parts. What was done before is told on it, once."""
        done = None if is_live(request) else _done_before(request)
        layout = "layouts/parts.html" if wants_parts(request) else "layouts/desk.html"
        values = {"problem": None, "layout": layout, "done": done, "live": is_live(request)} | values
        text = self.text(reader, template, path=request.url.path, **values)
        vary = {"Referrer-Policy": "same-origin", "Vary": "HX-Request, Cookie, Accept-Encoding"}
        body, packed = _packed(request, text)
        response = HTMLResponse(body, status, {**vary, **packed, **(headers or {})})
        if done:
            response.delete_cookie(DONE_COOKIE, path="/")
        return response


def screens_of(request: Request) -> Screens:
    """The screens of the application that answers."""
    screens: Screens = request.app.state.screens
    return screens


def wants_parts(request: Request) -> bool:
    """Whether htmx asks, and has the surroundings already."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def is_live(request: Request) -> bool:
    """Whether the page refreshes itself, which a person need not be told of."""
    return "x-live" in request.headers


def go_to(request: Request, address: str, done: Done | None = None) -> Response:
    """On to another page after something was done (303), which is told there."""
    response: Response = RedirectResponse(address, 303)
    if done:
        value = f"{done.code}:{done.subject}" if done.subject else done.code
        response.set_cookie(
            DONE_COOKIE,
            value,
            path="/",
            max_age=60,
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="lax",
        )
    return response


def keep(response: Response, request: Request, name: str, value: str | None) -> None:
    """Have the browser keep a preference, or forget it."""
    if value:
        response.set_cookie(name, value, _YEAR, path="/", samesite="lax", secure=request.url.scheme == "https")
    else:
        response.delete_cookie(name, path="/")


def _packed(request: Request, text: str) -> tuple[bytes, dict[str, str]]:
    """A page as it travels: smaller where the browser takes that. It holds no secret that guards a form, so how small
    it gets tells nobody anything."""
    body = text.encode()
    if len(body) < 1400 or "gzip" not in request.headers.get("accept-encoding", ""):  # one packet either way
        return body, {}
    return gzip.compress(body, 5, mtime=0), {"Content-Encoding": "gzip"}


def _done_before(request: Request) -> Done | None:
    code, _colon, subject = request.cookies.get(DONE_COOKIE, "").partition(":")
    return Done(code, subject) if code in wording.DONE else None


def reach(customer: Customer | None) -> str:
    """The first thing a customer is known by, for one without a name."""
    return customer.identities[0].shown if customer and customer.identities else ""


def isolated(text: str) -> str:
    """A number or an address whose order stays in a line of any direction, where no element can say so."""
    return f"\u2066{text}\u2069" if present().direction == "rtl" else text


def organisation_choices(frame: Frame) -> list[tuple[str, str]]:
    """The person's organisations, for a choice."""
    return taking_choices(list(frame.directories.values()))


def by_urgency(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Promises, earliest due first, under what they have in common: overdue, soon, today, later."""
    return [(near, list(group)) for near, group in groupby(rows, key=lambda row: moments.urgency(row["due_at"]))]


def departments_of(scope: Scope) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """The departments of what is looked at, for a choice, by organisation; with the cases that have none."""
    groups: list[tuple[str | None, list[tuple[str, str]]]] = []
    for directory in scope.directories.values():
        active = [each for each in directory.departments.values() if each.active]
        active.sort(key=lambda each: (each.position, each.slug))
        named = [(str(each.id), each.name(present().language)) for each in active]
        groups.append((directory.organisation.name, named))
    return [*groups, (None, [("none", _("No department"))])]


def taking_choices(directories: Sequence[Directory]) -> list[tuple[str, str]]:
    return [(each.organisation.slug, each.organisation.name) for each in directories]


def language_choices(organisation: Organisation) -> list[tuple[str, str]]:
    """The languages an organisation serves its customers in."""
    return [(each, name_of_language(each)) for each in organisation.languages]
