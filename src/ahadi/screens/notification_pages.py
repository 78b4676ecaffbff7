"""What reaches oneself: which notice where, quiet hours, and the browsers that are told."""

from datetime import time
from pathlib import Path
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import notifications
from ahadi.base.errors import AhadiError, Forbidden, Invalid
from ahadi.notifications import ABOUT, Choices, Digest, Quiet, Way
from ahadi.platform.database import Actor, Work
from ahadi.platform.transports.web_push import Subscription
from ahadi.platform.web import PUBLIC, SIGNED_IN, Router, Statics, database_of, settings_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.notification_wording import about_name
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later, zone_named

router = Router(include_in_schema=False)
WORKER = Path(__file__).parent / "static" / "push-worker.js"
_PAGE = "/me/notifications"


@router.api_route("/push-worker.js", methods=["GET", "HEAD"], dependencies=[PUBLIC])
async def get_worker(request: Request) -> Response:
    """The script that shows push messages. Its address stays, so that a browser finds its next version there."""
    statics: Statics = request.app.state.statics
    response = statics.answer(request, statics.digest, "push-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    return response


@router.get(_PAGE)
async def get_notifications(request: Request, actor: Actor = SIGNED_IN) -> Response:
    return await _page(request, actor)


async def _page(
    request: Request, actor: Actor, problem: AhadiError | None = None, entered: Choices | None = None
) -> Response:
    if actor.person_id is None:
        raise Forbidden(later("Only a person who is signed in may do this; a token cannot."))
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        zone = frame.reader.zone.key
        choices = entered or await notifications.choices_of(work, zone)
        browsers = await notifications.browsers_of(work)
        key = notifications.key_for_browsers(work)
    return screens_of(request).page(
        request,
        frame.reader,
        "me_notifications.html",
        status=problem.status if problem else 200,
        frame=frame,
        about=[(each, about_name(each)) for each in ABOUT],
        choices=choices,
        browsers=browsers,
        key=key,
        mail=bool(settings_of(request).smtp_url),
        problem=problem,
    )


@router.post(_PAGE)
async def post_notifications(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Choose what reaches oneself, where and when."""
    entered = await entered_in(request)
    chosen: list[Choices] = []

    async def deed(work: Work) -> None:
        chosen.append(_choices(entered))
        await notifications.choose(work, chosen[-1])

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem, chosen[-1] if chosen else None)

    done = Done("notifications-kept")
    return await act(request, actor, Entered(), deed, done=lambda _: (_PAGE, done), again=again, twice=_PAGE)


def _choices(entered: Entered) -> Choices:
    mails: dict[str, frozenset[Way]] = {"mail": frozenset({"mail"}), "digest": frozenset({"digest"})}
    pushed = set(entered.all("push"))
    ways = {
        about: (frozenset[Way]({"push"}) if about in pushed else frozenset[Way]())
        | mails.get(entered.get(f"mail-{about}"), frozenset())
        for about in ABOUT
    }
    zone = zone_named(entered.get("zone"))
    if zone is None:
        raise Invalid(later("Choose whose clock your quiet hours go by."), field="zone")
    quiet = None
    if entered.get("quiet"):
        quiet = Quiet(_time(entered, "from"), _time(entered, "until"))
    digest: Digest = "morning" if entered.get("digest") == "morning" else "hourly"
    return Choices(
        ways=ways,
        urgent=frozenset(each for each in ABOUT if each in entered.all("urgent")),
        digest=digest,
        morning=_time(entered, "morning"),
        quiet=quiet,
        zone=zone.key,
    )


def _time(entered: Entered, name: str) -> time:
    try:
        return time.fromisoformat(entered.text(name, most=8)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError as problem:
        raise Invalid(later("Write the time as hours and minutes, such as 22:00."), field=name) from problem


@router.post(f"{_PAGE}/browsers")
async def post_browser(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Be told in this browser from now on: what its push service gave it."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        subscription = Subscription(
            entered.text("endpoint", most=2000), entered.text("p256dh", most=200), entered.text("auth", most=60)
        )
        agent = request.headers.get("user-agent", "")
        await notifications.add_browser(work, subscription, entered.text("key", most=200), agent)

    return await _act(request, actor, deed, None)


@router.post(f"{_PAGE}/browsers/off")
async def post_browser_off(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Be told nothing more in this browser, which names itself by its address."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        await notifications.remove_browser_at(work, entered.text("endpoint", most=2000))

    return await _act(request, actor, deed, Done("browser-removed"))


@router.post(f"{_PAGE}/browsers/{{browser_id}}/remove")
async def post_remove_browser(request: Request, browser_id: UUID, actor: Actor = SIGNED_IN) -> Response:
    """Be told nothing more in another browser."""

    async def deed(work: Work) -> None:
        await notifications.remove_browser(work, browser_id)

    return await _act(request, actor, deed, Done("browser-removed"))


@router.post(f"{_PAGE}/try")
async def post_try(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Send a trial to all of one's browsers."""

    async def deed(work: Work) -> None:
        if not await notifications.try_browsers(work):
            raise Invalid(later("No browser of yours is told anything yet; switch this one on first."))

    return await _act(request, actor, deed, Done("browsers-tried"))


async def _act(request: Request, actor: Actor, deed: object, done: Done | None) -> Response:
    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem)

    return await act(
        request,
        actor,
        Entered(),
        deed,  # type: ignore[arg-type]
        done=lambda _: (_PAGE, done),
        again=again,
        twice=_PAGE,
    )
