"""Acting in a colleague's name: beginning, what was done of it until now, and being oneself again."""

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Permission, acting_as, acting_store, credentials, sign_in_api
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, database_of, needs, perform
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done, go_to
from ahadi.screens.reader import later, ngettext, reading
from ahadi.screens.settings_frame import administered, show_settings

router = Router(include_in_schema=False)
HERE = "/act-as"
_MOST = 100


@router.get(HERE)
async def get_acting(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.PEOPLE_ACT_AS)
) -> Response:
    return await _page(request, actor, Entered({"organisation": organisation or ""}))


async def _page(request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, Permission.PEOPLE_ACT_AS, entered.get("organisation"))
        before = await acting_store.actings(work, directory.organisation.id, None, _MOST)
        held = await credentials.shown_person(work) if actor.person_id else None
        names = acting_as.names_to_take(work, directory)
    people = sorted(((str(each), directory.people[each].name) for each in names), key=lambda each: each[1])
    with reading(frame.reader):
        lengths = [(str(n), ngettext("%(num)s minute", "%(num)s minutes", n) % {"num": n}) for n in acting_as.MINUTES]
    return show_settings(
        request,
        frame,
        directory,
        Permission.PEOPLE_ACT_AS,
        "acting/page.html",
        entered=entered,
        problem=problem,
        before=before,
        people=people,
        lengths=lengths,
        has_password=held is not None and held.password_hash is not None,
    )


@router.post(HERE)
async def post_acting(request: Request, actor: Actor = needs(Permission.PEOPLE_ACT_AS)) -> Response:
    """Act in somebody's name from the next page on; asks for one's own password."""
    entered = await entered_in(request)
    database = database_of(request)
    try:
        person_id = entered.id("person")
        if person_id is None:
            raise Invalid(later("Choose in whose name."), field="person")
        where = sign_in_api.where_from(request)
        await credentials.confirm_oneself(database, actor, entered.get("password")[:256], where)
        async with database.work(actor) as work:
            directory = administered(
                await frame_of(request, work), Permission.PEOPLE_ACT_AS, entered.get("organisation")
            )
            minutes = int(entered.one_of("minutes", tuple(map(str, acting_as.MINUTES)), later("Choose for how long.")))
            reason = entered.text("reason", most=300)
            await acting_as.begin_acting(work, directory.organisation.id, person_id, reason, minutes)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await _page(request, actor, entered, problem)
    return go_to(request, "/cases", Done("acting-began"))


@router.post(HERE + "/end")
async def post_end(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Be oneself again."""

    async def deed(work: Work) -> None:
        await acting_as.end_acting(work)

    await perform(request, actor, deed, status=204)
    return go_to(request, HERE, Done("acting-ended"))
