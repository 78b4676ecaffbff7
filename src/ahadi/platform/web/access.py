"""Who asks, and what a route demands of them. How somebody is recognised is handed in by the composition."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request

from ahadi.base.errors import Forbidden
from ahadi.platform.database import Actor

Authenticate = Callable[[Request], Awaitable[Actor]]
_HELD = "ahadi.actor"


async def actor_of(request: Request, *, at_work: bool = False) -> Actor:
    """Who asks, by bearer token or session cookie, looked up once a request; raises NotSignedIn.

    `at_work` as in `needs`.
    """
    held = request.scope.get(_HELD)
    if isinstance(held, Actor) and (at_work or held.standing is None):
        return held
    state = request.app.state
    authenticate: Authenticate = state.authenticate_at_work if at_work else state.authenticate
    actor = await authenticate(request)
    request.scope[_HELD] = actor
    return actor


@dataclass(frozen=True, slots=True)
class Needs:
    """A route's declaration that its caller is known and holds a permission in at least one organisation.

    `None` is enough of being signed in. Read off the route by the authorisation test.
    """

    permission: str | None
    at_work: bool = False

    async def __call__(self, request: Request) -> Actor:
        actor = await actor_of(request, at_work=self.at_work)
        if self.permission is not None and not any(actor.may(each, self.permission) for each in actor.grants):
            raise Forbidden(
                f"This needs the permission {self.permission}; ask an administrator of the organisation for it.",
                permission=str(self.permission),
            )
        return actor


@dataclass(frozen=True, slots=True)
class Public:
    """A route's declaration that anybody may call it."""

    async def __call__(self) -> None:
        return None


def needs(permission: str, *, at_work: bool = False) -> Any:
    """Declares what a route demands, and is the actor: `actor: Actor = needs(Permission.HANDLE)`.

    With `at_work` a token known from before is looked at by the statement that begins the work (`Actor.standing`) and
    not by one of its own: for the busiest routes, which must then begin one by `Database.work`, `read` or `glance`
    before they answer.
    """
    return Depends(Needs(str(permission), at_work))


SIGNED_IN: Any = Depends(Needs(None))
PUBLIC: Any = Depends(Public())
