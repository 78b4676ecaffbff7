"""What the pages of administration have in common: which organisation is meant, and how their forms are answered."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.screens.acting import Reveal, act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

Show = Callable[[Entered, AhadiError | None], Awaitable[Response]]
Deed = Callable[[Work, Directory, Entered], Awaitable[str]]


def administered(frame: Frame, permission: Permission, slug: str | None) -> Directory:
    """The organisation that is meant: by its short name, else the first in which the reader may do this.

    Raises Forbidden where there is none, NotFound for one that is not theirs.
    """
    theirs = theirs_of(frame, permission)
    if not theirs:
        raise Forbidden(f"This needs the permission {permission}.", permission=permission)
    if not slug:
        return theirs[0]
    found = next((each for each in theirs if each.organisation.slug == slug), None)
    if found is None:
        raise NotFound(later("There is nothing at this address; check it."))
    return found


def theirs_of(frame: Frame, permission: Permission) -> list[Directory]:
    """The organisations in which the reader may do this."""
    return [each for each in frame.directories.values() if frame.may(permission, each.organisation.id)]


def show_settings(
    request: Request,
    frame: Frame,
    directory: Directory,
    permission: Permission,
    template: str,
    *,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    **values: Any,
) -> Response:
    """One page of administration, with what was entered and what is wrong with it."""
    return screens_of(request).page(
        request,
        frame.reader,
        template,
        status=problem.status if problem else 200,
        frame=frame,
        directory=directory,
        organisation=directory.organisation,
        theirs=theirs_of(frame, permission),
        entered=entered or Entered(),
        problem=problem,
        key=uuid7().hex,
        **values,
    )


async def settle_form(
    request: Request,
    actor: Actor,
    here: str,
    permission: Permission,
    deed: Deed,
    show: Show,
    reveal: Reveal | None = None,
) -> Response:
    """Do what a form of a page says, for the organisation that the form names; then the page again, with news.

    `reveal` as in `act`.
    """
    entered = await entered_in(request)

    async def within(work: Work) -> tuple[str, Done]:
        directory = administered(await frame_of(request, work), permission, entered.get("organisation"))
        code = await deed(work, directory, entered)
        return f"{here}?organisation={directory.organisation.slug}", Done(code)

    async def again(problem: AhadiError) -> Response:
        return await show(entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=here, reveal=reveal)


def number_in(entered: Entered, name: str, least: int, most: int) -> int:
    """A whole number that a field holds. Raises Invalid for anything else, naming the limits."""
    text = entered.text(name, most=12)
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not least <= value <= most:
        raise Invalid(f"Write a whole number from {least} to {most}.", field=name)
    return value
