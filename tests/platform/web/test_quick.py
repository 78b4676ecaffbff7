"""The short way to an endpoint: the same outcome as FastAPI's."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import Depends, FastAPI, File, Form, Header, Query, Request
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field
from starlette.middleware import Middleware
from starlette.responses import Response

from ahadi.base.errors import Conflict, NotSignedIn
from ahadi.platform.database import Actor
from ahadi.platform.web import PUBLIC, SIGNED_IN, Paging, Quick, Router, answer, install_problems, needs
from ahadi.platform.web.quick import plan_of

router = Router(prefix="/api")
HERE = UUID(int=1)


class Promise(BaseModel):
    kind: Literal["update", "callback"]
    text: Annotated[str, Field(min_length=1, max_length=20)]
    due_at: AwareDatetime
    owner: str | None = None
    tags: list[str] = []


@router.get("/cases", dependencies=[PUBLIC])
async def cases(request: Request, page: Paging, state: Literal["open", "resolved"] | None = None) -> Response:
    return answer({"limit": page.limit, "after": page.cursor, "state": state, "path": request.url.path})


@router.get("/cases/search")
async def search(q: str, limit: Annotated[int, Query(ge=1, le=9)] = 5, actor: Actor = SIGNED_IN) -> Response:
    return answer({"q": q, "limit": limit, "actor": actor.kind})


@router.get("/cases/{reference}", dependencies=[PUBLIC])
async def case(reference: str) -> Response:
    return answer({"reference": reference})


@router.get("/promises/{promise_id}")
async def promise(promise_id: UUID, before: datetime | None = None, actor: Actor = needs("case.read")) -> Response:
    return answer({"id": promise_id, "before": before, "actor": actor.id})


@router.post("/cases/{reference}/promises", status_code=201)
async def promises(reference: str, body: Promise, actor: Actor = needs("case.work")) -> Response:
    return answer({"reference": reference, "due": body.due_at, "tags": body.tags, "actor": actor.id}, 201)


@router.put("/cases/{reference}/promises", dependencies=[PUBLIC])
async def put(reference: str) -> Response:
    raise Conflict("Not that way.", reference=reference)


async def twice(number: int = 1) -> int:
    return number * 2


@router.get("/doubled", dependencies=[PUBLIC])
async def doubled(result: Annotated[int, Depends(twice)]) -> Response:
    return answer(result)


@router.get("/slow/threaded", dependencies=[PUBLIC])
def threaded(x: int = 0) -> Response:
    return answer(x)


@router.get("/slow/listed", dependencies=[PUBLIC])
async def listed(x: Annotated[list[int], Query()]) -> Response:
    return answer(x)


@router.get("/slow/header", dependencies=[PUBLIC])
async def header(x_number: Annotated[int, Header()] = 0) -> Response:
    return answer(x_number)


@router.post("/slow/form", dependencies=[PUBLIC])
async def form(a: Annotated[str, Form()]) -> Response:
    return answer(a)


@router.post("/slow/file", dependencies=[PUBLIC])
async def file(a: Annotated[bytes, File()]) -> Response:
    return answer(len(a))


@router.get("/slow/model", dependencies=[PUBLIC])
async def model() -> dict[str, int]:
    return {"a": 1}


@router.get("/slow/tail/{name:path}", dependencies=[PUBLIC])
async def tail(name: str) -> Response:
    return answer(name)


def application(*, quick: bool) -> FastAPI:
    app = FastAPI(redirect_slashes=False)

    async def authenticate(request: Request) -> Actor:
        who = request.headers.get("x-who")
        if who is None:
            raise NotSignedIn("Sign in first.")
        return Actor("person", UUID(int=9), {HERE: frozenset({"case.read", who})})

    app.state.authenticate = app.state.authenticate_at_work = authenticate
    install_problems(app)
    app.include_router(router)
    if quick:
        routes = [each for each in router.routes if isinstance(each, APIRoute)]
        app.user_middleware.append(Middleware(Quick, application=app, routes=routes))
    return app


QUICK, FASTAPI = application(quick=True), application(quick=False)


async def both(method: str, path: str, **more: Any) -> list[tuple[int, Any, str | None]]:
    """What either way answers: status, content without the wording of errors, kind of content."""
    answers = []
    for app in (QUICK, FASTAPI):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
            response = await client.request(method, path, **more)
        content: Any = orjson.loads(response.content) if response.content else None
        if isinstance(content, dict) and "errors" in content:
            content = [each["at"] for each in content["errors"]]
        answers.append((response.status_code, content, response.headers.get("content-type")))
    return answers


def test_our_own_shapes_go_the_short_way_and_others_do_not() -> None:
    short = {
        (each.path, bool(plan_of(each)))
        for each in router.routes
        if isinstance(each, APIRoute) and not each.path.endswith(":path}")
    }
    assert all(quick != path.startswith("/api/slow") for path, quick in short)


DUE = "2026-12-01T09:00:00+03:00"
GOOD = {"kind": "update", "text": "We look at it", "due_at": DUE}
WORKS = {"x-who": "case.work"}
BAD = GOOD | {"kind": "x", "text": ""}


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/api/cases", {}),
        ("GET", "/api/cases?limit=3&after=x&state=open", {}),
        ("GET", "/api/cases?limit=0", {}),
        ("GET", "/api/cases?limit=many&state=lost", {}),
        ("GET", "/api/cases?limit=3&limit=4", {}),
        ("GET", "/api/cases?state=", {}),
        ("GET", "/api/cases/", {}),
        ("HEAD", "/api/cases", {}),
        ("DELETE", "/api/cases", {}),
        ("GET", "/api/cases/search?q=a", {}),
        ("GET", "/api/cases/search?q=a", {"headers": {"x-who": "a"}}),
        ("GET", "/api/cases/search", {"headers": {"x-who": "a"}}),
        ("GET", "/api/cases/search?q=&limit=10", {"headers": {"x-who": "a"}}),
        ("GET", "/api/cases/AB%2FCD", {}),
        ("GET", "/api/cases/J%C3%BCrgen%20M", {}),
        ("GET", f"/api/promises/{UUID(int=5)}", {"headers": {"x-who": "a"}}),
        ("GET", f"/api/promises/{UUID(int=5)}?before={DUE.replace('+', '%2B')}", {"headers": {"x-who": "a"}}),
        ("GET", "/api/promises/nonsense?before=soon", {"headers": {"x-who": "a"}}),
        ("POST", "/api/cases/AB/promises", {"headers": WORKS, "json": GOOD}),
        ("POST", "/api/cases/AB/promises", {"headers": WORKS, "json": BAD}),
        ("POST", "/api/cases/AB/promises", {"headers": WORKS, "json": {}}),
        ("POST", "/api/cases/AB/promises", {"headers": WORKS, "json": GOOD | {"due_at": "2026-12-01"}}),
        ("POST", "/api/cases/AB/promises", {"headers": WORKS, "content": b"text"}),
        ("POST", "/api/cases/AB/promises", {"headers": {"x-who": "case.read"}, "json": GOOD}),
        ("POST", "/api/cases/AB/promises", {"json": GOOD}),
        ("PUT", "/api/cases/AB/promises", {}),
        ("PATCH", "/api/cases/AB/promises", {}),
        ("GET", "/api/doubled", {}),
        ("GET", "/api/doubled?number=4", {}),
        ("GET", "/api/doubled?number=x", {}),
        ("GET", "/api/slow/threaded?x=3", {}),
        ("GET", "/api/slow/listed?x=1&x=2", {}),
        ("GET", "/api/slow/header", {"headers": {"x-number": "4"}}),
        ("POST", "/api/slow/form", {"data": {"a": "b"}}),
        ("POST", "/api/slow/file", {"files": {"a": b"bytes"}}),
        ("GET", "/api/slow/model", {}),
        ("GET", "/api/slow/tail/a/b", {}),
        ("GET", "/api/nowhere", {}),
        ("GET", "/", {}),
    ],
)  # fmt: skip
async def test_both_ways_lead_to_the_same_answer(method: str, path: str, more: dict[str, Any]) -> None:
    quick, fastapi = await both(method, path, **more)
    assert quick == fastapi


@given(
    st.dictionaries(
        st.sampled_from(["kind", "text", "due_at", "owner", "tags", "other"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-5, 5),
            st.text("ab ", max_size=25),
            st.sampled_from(["update", DUE, "2026-12-01T09:00:00Z"]),
            st.lists(st.sampled_from(["a", 1, None]), max_size=2),
        ),
    )
)
async def test_both_ways_take_and_refuse_the_same_bodies(body: dict[str, Any]) -> None:
    quick, fastapi = await both("POST", "/api/cases/AB/promises", json=body, headers={"x-who": "case.work"})
    assert quick == fastapi


async def test_a_stranger_learns_nothing_about_what_a_body_should_look_like() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(QUICK), base_url="http://t") as client:
        refused = await client.post("/api/cases/AB/promises", json={"wrong": True})
    assert refused.status_code == 401


async def test_half_a_character_in_json_is_refused_before_it_reaches_the_database() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(QUICK), base_url="http://t") as client:
        refused = await client.post(
            "/api/cases/AB/promises",
            content=b'{"kind":"update","text":"\\ud800","due_at":"2026-12-01T09:00:00Z"}',
            headers={"x-who": "case.work", "content-type": "application/json"},
        )
    assert refused.status_code == 422
