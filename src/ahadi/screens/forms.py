"""Forms that open over a page where there is script, and are pages of their own where there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError
from ahadi.base.ids import uuid7
from ahadi.screens.entered import Entered
from ahadi.screens.frame import Frame
from ahadi.screens.pages import screens_of, wants_parts

_LISTS = re.compile(r"/(?:promises|board|board/promises)(?:\?[\w=&.%+-]*)?")


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its template in `forms/`, where it is sent, and where it leads back to.

    One that `leaves` goes on to another page when it is done; the others change the page they were opened on. One with
    `files` may send some.
    """

    name: str
    action: str
    back: str
    leaves: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    files: bool = False


def show_form(
    request: Request,
    frame: Frame,
    form: Form,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    """The form, with what was entered and what is wrong with it."""
    opened = wants_parts(request) and (problem is not None or _opens_over(request))
    headers = {"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML", "HX-Reselect": "dialog"} if problem else {}
    return screens_of(request).page(
        request,
        frame.reader,
        "forms/dialog.html" if opened else "forms/page.html",
        status=problem.status if problem else 200,
        headers=headers,
        frame=frame,
        form=form,
        entered=entered or Entered(),
        problem=problem,
        key=uuid7().hex,
        **form.values,
    )


def _opens_over(request: Request) -> bool:
    return request.headers.get("hx-target", "").endswith("#dialog")


def way_back(address: str, otherwise: str) -> str:
    """Where a form returns to: the list of promises or the board where it was opened there, else the page it belongs
    to."""
    return address if _LISTS.fullmatch(address) else otherwise


def opened_on(request: Request) -> str:
    """The list on which a form was opened; empty where it was opened elsewhere."""
    shown = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    return way_back(f"{shown.path}?{shown.query}" if shown.query else shown.path, "")
