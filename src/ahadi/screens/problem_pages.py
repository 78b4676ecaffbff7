"""What people see when something went wrong: a page, or for htmx a message over the page they are on."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ahadi.platform.web import Problem
from ahadi.screens.pages import is_live, screens_of, wants_parts
from ahadi.screens.reader import Reader, reader_of


def problem_page(request: Request, problem: Problem) -> Response:
    """The page of a problem. Whoever is not signed in is led to where they can, and back afterwards."""
    if problem.status == 401 and not request.url.path.startswith("/sign-in"):
        return _to_sign_in(request)
    reader: Reader = getattr(request.state, "reader", None) or reader_of(request)
    if wants_parts(request):
        text = screens_of(request).text(reader, "problem_toast.html", problem=problem)
        headers = {"HX-Retarget": "#toasts", "HX-Reswap": "none" if is_live(request) else "innerHTML"}
        return HTMLResponse(text, problem.status, headers | {"HX-Reselect": ".toast"})
    return screens_of(request).page(
        request,
        reader,
        "problem.html",
        status=problem.status,
        headers={"X-Robots-Tag": "noindex"},
        problem=problem,
        incident=problem.fields.get("incident"),
    )


def _to_sign_in(request: Request) -> Response:
    shown = request.headers.get("hx-current-url", "") if wants_parts(request) else ""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = "/sign-in" if request.method != "GET" or shown else f"/sign-in?next={quote(here, safe='')}"
    if wants_parts(request):
        return HTMLResponse("", 401, {"HX-Redirect": address})
    return RedirectResponse(address, 303)
