"""The one way a form is answered: do it in one transaction and go on, or show the form again with what is wrong."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Forbidden, NotSignedIn
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import perform
from ahadi.platform.web.guard import DIGEST
from ahadi.screens.entered import Entered
from ahadi.screens.pages import Done, go_to

Outcome = TypeVar("Outcome")
Again = Callable[[AhadiError], Awaitable[Response]]
Reveal = Callable[[], Awaitable[Response | None]]


async def act(
    request: Request,
    actor: Actor,
    entered: Entered,
    deed: Callable[[Work], Awaitable[Outcome]],
    *,
    done: Callable[[Outcome], tuple[str, Done | None]],
    again: Again,
    twice: str,
    reveal: Reveal | None = None,
) -> Response:
    """Do `deed` as the actor; then on to the address and news that `done` tells.

    `reveal` is asked once the deed is committed, and may answer with a page in place of going on: the only one on which
    a secret that was just made is shown.

    What the actor can put right is shown by `again`; what they cannot (it is not theirs) is a page of its own. The
    same form with the same content sent twice is done once: the second sending goes to `twice`.
    """
    outcome: list[Outcome] = []

    async def kept(work: Work) -> None:
        outcome.append(await deed(work))

    key = None
    if entered.once:
        # A person who goes back and changes the words means something new.
        content = await request.body()
        if request.headers.get("content-type", "").startswith("multipart/"):
            content = entered.digest
            request.scope[DIGEST] = hashlib.sha256(content)
        digest = hashlib.sha256(request.url.path.encode() + content).hexdigest()[:32]
        key = f"form:{entered.once}:{digest}"
    try:
        await perform(request, actor, kept, status=204, key=key)
    except (NotSignedIn, Forbidden):
        raise
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await again(problem)
    if not outcome:
        return go_to(request, twice)
    page = await reveal() if reveal else None
    return page or go_to(request, *done(outcome[-1]))
