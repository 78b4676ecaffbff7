"""Routes that are registered at once and worked out when they are first asked for.

FastAPI looks at everything an endpoint asks for while its module is imported. There are hundreds of endpoints, a web
process soon after its start has use for a few of them, and a worker for none.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import get_name


class Router(APIRouter):
    """A domain's endpoints."""

    def __init__(self, **said: Any) -> None:
        super().__init__(route_class=_Later, **said)


class _Later(APIRoute):
    """A route that knows its address, name and methods, and the rest once any of it is asked for."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        self.path, self.endpoint = path, endpoint
        self.name = said.get("name") or get_name(endpoint)
        self.methods = {each.upper() for each in said.get("methods") or ("GET",)}
        self._said: dict[str, Any] | None = said

    def __getattr__(self, name: str) -> Any:
        said = self.__dict__.get("_said")
        if said is None:
            raise AttributeError(f"A route has no {name}.")
        self._said = None
        try:
            super().__init__(self.path, self.endpoint, **said)
        except BaseException:
            self._said = said
            raise
        return getattr(self, name)
