"""The short way to an endpoint. FastAPI tries every route in turn and solves what an endpoint asks for anew at each
request; for most of ours both can be known beforehand. Whatever cannot goes FastAPI's way, with the same outcome.

An endpoint goes the short way when it is `async`, is annotated to return a `Response`, and asks for nothing but the
request, plain parameters of path and query, one JSON body, and dependencies that are `async` and ask for no more.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import Body, Path, Query
from fastapi.params import Form as FormBody
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ahadi.platform.web.problems import is_json, response_to

_PLAIN = (Path, Query)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to gather before a function is called."""

    call: Callable[..., Awaitable[Any]]
    request_name: str | None
    path: tuple[Any, ...]  # FastAPI's fields, which validate
    query: tuple[Any, ...]
    inner: tuple[tuple[str | None, "_Plan"], ...]
    body: tuple[str, type[BaseModel]] | None = None

    async def run(self, request: Request) -> Any:
        """Call the function with what it asks for; raises RequestValidationError, and what the functions raise.

        Who may call comes first: a stranger learns nothing about what a body should look like.
        """
        errors: list[Any] = []
        values = await self._gather(request, errors)
        if errors:
            raise RequestValidationError(errors)
        return await self.call(**values)

    async def _gather(self, request: Request, errors: list[Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, plan in self.inner:
            wrong_before = len(errors)
            asked = await plan._gather(request, errors)
            if len(errors) == wrong_before:
                found = await plan.call(**asked)
                if name is not None:
                    values[name] = found
        if self.request_name is not None:
            values[self.request_name] = request
        for each in self.path:
            _take(each, "path", request.path_params.get(each.alias), values, errors)
        for each in self.query:
            _take(each, "query", request.query_params.get(each.alias), values, errors)
        if self.body is not None:
            name_of_body, model = self.body
            try:
                values[name_of_body] = model.model_validate_json(await request.body())
            except ValidationError as problem:
                errors += [each | {"loc": ("body", *each["loc"])} for each in problem.errors(include_url=False)]
        return values


def _take(wanted: Any, place: str, given: str | None, values: dict[str, Any], errors: list[Any]) -> None:
    if given is None and not wanted.field_info.is_required():
        values[wanted.name] = wanted.get_default()
        return
    loc = (place, wanted.alias)
    if given is None:
        errors.append({"type": "missing", "loc": loc, "msg": "Field required"})
        return
    values[wanted.name], wrong = wanted.validate(given, loc=loc)
    errors += wrong


def plan_of(route: APIRoute) -> _Plan | None:
    """How the route's endpoint is called the short way, or None when it must go FastAPI's."""
    if not _returns_a_response(route.endpoint):
        return None
    return _plan(route.dependant, may_have_body=True)


def _returns_a_response(endpoint: Callable[..., Any]) -> bool:
    try:
        returned = get_type_hints(endpoint).get("return")
    except NameError:
        return False
    return isinstance(returned, type) and issubclass(returned, Response)


def _plan(asked: Dependant, *, may_have_body: bool) -> _Plan | None:
    call = asked.call
    if call is None or not _is_async(call) or asked.header_params or asked.cookie_params:
        return None
    beyond = (
        asked.websocket_param_name,
        asked.http_connection_param_name,
        asked.response_param_name,
        asked.background_tasks_param_name,
        asked.security_scopes_param_name,
        asked.concurrency,
    )
    if any(beyond) or not all(map(_is_plain, [*asked.path_params, *asked.query_params])):
        return None
    body = None
    if asked.body_params:
        body = _json_body(asked) if may_have_body else None
        if body is None:
            return None
    inner = []
    for each in asked.dependencies:
        plan = _plan(each, may_have_body=False)
        if plan is None:
            return None
        inner.append((each.name, plan))
    return _Plan(
        call, asked.request_param_name, tuple(asked.path_params), tuple(asked.query_params), tuple(inner), body
    )


def _is_async(call: Callable[..., Any]) -> bool:
    function = call if inspect.isroutine(call) else getattr(call, "__call__", None)  # noqa: B004 (its signature)
    return inspect.iscoroutinefunction(function)


def _is_plain(wanted: Any) -> bool:
    """One value, named once: no lists, models or second names."""
    info = wanted.field_info
    listed = (list, set, tuple, frozenset, dict)
    annotation = getattr(info.annotation, "__origin__", info.annotation)
    is_model = isinstance(annotation, type) and issubclass(annotation, (*listed, BaseModel))
    mixed = any(_is_listed(each, listed) for each in getattr(info.annotation, "__args__", ()))
    return type(info) in _PLAIN and not is_model and not mixed and info.validation_alias in (None, wanted.alias)


def _is_listed(annotation: Any, listed: tuple[type, ...]) -> bool:
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and issubclass(origin, (*listed, BaseModel))


def _json_body(asked: Dependant) -> tuple[str, type[BaseModel]] | None:
    if len(asked.body_params) != 1:
        return None
    [wanted] = asked.body_params
    info, model = wanted.field_info, wanted.field_info.annotation
    if not isinstance(info, Body) or isinstance(info, FormBody) or getattr(info, "embed", None) or info.metadata:
        return None
    if not (isinstance(model, type) and issubclass(model, BaseModel) and info.is_required()):
        return None
    return wanted.name, model


# Finding the endpoint ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """A route, where in the address its parameters are, and its plan once it was called."""

    route: APIRoute
    parameters: tuple[tuple[str, int], ...]
    _plan: _Plan | None = None
    _planned: bool = False

    def plan(self) -> _Plan | None:
        if not self._planned:
            self._plan, self._planned = plan_of(self.route), True
        return self._plan


@dataclass(slots=True)
class _Node:
    """A place in the tree of addresses: what follows by name, what follows as a parameter, what ends here."""

    named: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    ends: dict[str, _Found] = field(default_factory=dict)

    def find(self, segments: list[str], at: int, method: str) -> _Found | None:
        if at == len(segments):
            return self.ends.get(method)
        segment = segments[at]
        following = self.named.get(segment)
        if following is not None and (found := following.find(segments, at + 1, method)):
            return found
        if self.parameter is not None and segment:
            return self.parameter.find(segments, at + 1, method)
        return None


def _grow(root: _Node, route: APIRoute) -> None:
    if ":" in route.path:
        return  # a parameter of another shape than one segment
    node, parameters = root, []
    for at, segment in enumerate(route.path.split("/")[1:], 1):
        if segment.startswith("{") and segment.endswith("}"):
            parameters.append((segment[1:-1], at))
            node.parameter = node.parameter or _Node()
            node = node.parameter
        elif "{" in segment:
            return
        else:
            node = node.named.setdefault(segment, _Node())
    for method in route.methods or ():
        node.ends.setdefault(method, _Found(route, tuple(parameters)))


class Quick:
    """ASGI middleware, innermost: calls the endpoints there is a plan for, and leaves the others to the application."""

    def __init__(self, app: ASGIApp, application: FastAPI, routes: Iterable[APIRoute]) -> None:
        self._app = app
        self._application = application
        self._root = _Node()
        for route in routes:
            _grow(self._root, route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http" and not self._application.dependency_overrides:
            segments = scope["path"].split("/")
            found = self._root.find(segments, 1, scope["method"])
        plan = found.plan() if found else None
        if found is None or plan is None or (plan.body is not None and not _is_json(scope)):
            await self._app(scope, receive, send)
            return
        scope["route"], scope["endpoint"] = found.route, found.route.endpoint
        scope["path_params"] = {name: segments[at] for name, at in found.parameters}
        request = Request(scope, receive, send)
        try:
            response = await plan.run(request)
        except Exception as problem:
            answered = await response_to(request, problem)
            if answered is None:
                raise
            response = answered
        await response(scope, receive, send)
        if scope["method"] == "POST":
            await request.close()  # the files of a form


def _is_json(scope: Scope) -> bool:
    return any(name == b"content-type" and is_json(value.decode("latin-1")) for name, value in scope["headers"])
