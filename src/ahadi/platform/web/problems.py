"""Errors as answers: problem details (RFC 9457) for programs, a page for people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg import DataError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.platform.web.answers import encode

log = structlog.get_logger(__name__)
_OWN = frozenset({"type", "title", "status", "detail", "code"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in a form that is answered. `detail` is one sentence that says what to do."""

    code: str
    status: int
    detail: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.code.replace("-", " ").capitalize()


Page = Callable[[Request, Problem], Response]


def problem_of(error: AhadiError) -> Problem:
    """The problem an error of the tree stands for."""
    return Problem(error.code, error.status, error.sentence, error.fields)


def render_problem(request: Request, problem: Problem) -> Response:
    """Problem details, or a page where a person's browser asks."""
    headers = {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in problem.fields:
        headers["Retry-After"] = str(problem.fields["retry_after"])
    if "allow" in problem.fields:
        headers["Allow"] = str(problem.fields["allow"])
    if _asks_for_a_page(request):
        page: Page = getattr(request.app.state, "problem_page", plain_page)
        response = page(request, problem)
        response.headers.update(headers)
        return response
    content = {
        "type": f"/api/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    } | {name: value for name, value in problem.fields.items() if name not in _OWN}
    return Response(encode(content), problem.status, headers, media_type="application/problem+json")


def _asks_for_a_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def plain_page(_request: Request, problem: Problem) -> Response:
    """The page shown where no screens are installed."""
    text = problem.detail.replace("&", "&amp;").replace("<", "&lt;")
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{problem.title}</title>'
        f'<h1>{problem.title}</h1><p>{text}</p><p><a href="/">Back to the start</a></p></html>',
        problem.status,
    )


def install_problems(app: FastAPI) -> None:
    """Answer every foreseen error. What nobody foresaw is the guard's."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)  # type: ignore[arg-type]


async def response_to(request: Request, error: Exception) -> Response | None:
    """The answer to a foreseen error, None for another."""
    for kind in type(error).__mro__:
        if kind in _HANDLERS:
            return await _HANDLERS[kind](request, error)
    return None


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, AhadiError)
    if error.status >= 500:
        log.error("request.failed", code=error.code)
    return render_problem(request, problem_of(error))


_WORDS = {"timezone_aware": "a time needs its zone, such as 2027-03-02T07:00:00Z or 2027-03-02T10:00:00+03:00"}


def is_json(content_type: str) -> bool:
    """Whether a body of this type is read as JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


async def _not_understood(request: Request, error: Exception) -> Response:
    # Only where and what, never the value: it may be a customer's words.
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    wrong = [
        {"at": ".".join(map(str, each["loc"])), "problem": _WORDS.get(each["type"], str(each["msg"]))} for each in found
    ]
    first = wrong[0] if wrong else {"at": "the request", "problem": "it cannot be read"}
    sentence = f"{first['at']} is not as expected ({first['problem']}); correct it and send it again."
    if any(tuple(each["loc"]) == ("body",) for each in found) and not is_json(request.headers.get("content-type", "")):
        sentence = "The body was not sent as JSON; send it with Content-Type: application/json."
    return render_problem(request, Problem(Invalid.code, Invalid.status, sentence, {"errors": wrong}))


_SENTENCES = {
    400: "The request cannot be read; correct it and send it again.",
    404: "There is nothing at this address; check it.",
    405: "This address does not take this method; see the Allow header for those it takes.",
    413: "The request is larger than is taken at once; send less.",
}


async def _by_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-").replace("'", "")
    fields = {"allow": error.headers["Allow"]} if error.headers and "Allow" in error.headers else {}
    sentence = _SENTENCES.get(error.status_code, f"{error.detail}.")
    return render_problem(request, Problem(code, error.status_code, sentence, fields))


async def _not_storable(request: Request, error: Exception) -> Response:
    log.warning("request.not_storable", error=type(error).__name__)
    return render_problem(
        request,
        Problem(
            Invalid.code,
            Invalid.status,
            "A value cannot be stored (a NUL character, half a character, or a number too large); correct it.",
        ),
    )


_HANDLERS: dict[type[BaseException], Callable[[Request, Exception], Awaitable[Response]]] = {
    AhadiError: _known,
    RequestValidationError: _not_understood,
    HTTPException: _by_the_framework,
    DataError: _not_storable,
    UnicodeEncodeError: _not_storable,
}
