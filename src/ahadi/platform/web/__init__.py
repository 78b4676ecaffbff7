"""What every HTTP endpoint stands on. A domain's `api.py` reads like this:

    router = Router()

    @router.post("/cases/{reference}/hold")
    async def hold(request: Request, reference: str, body: Hold, actor: Actor = needs(Permission.HANDLE)) -> Response:
        return await perform(request, actor, lambda work: actions.hold(work, reference, body.person, body.note))

    @router.get("/cases")
    async def cases(request: Request, page: Paging, actor: Actor = needs(Permission.READ)) -> Response:
        async with database_of(request).read(actor) as work:
            found = await store.cases(work, page.after(datetime, UUID), page.limit + 1)
        return listed(found, page, key=lambda each: (each.changed_at, each.id), show=show_case)

Every route declares who may call it: `needs(permission)`, `SIGNED_IN` or `PUBLIC`; a test fails one that does not.
`needs` refuses who holds the permission nowhere; the action still checks it for the organisation at hand.
Errors are raised from the tree in `ahadi.base.errors` and become problem+json (RFC 9457) here.
"""

from ahadi.platform.web.access import PUBLIC, SIGNED_IN, Needs, Public, actor_of, needs
from ahadi.platform.web.answers import answer, encode
from ahadi.platform.web.guard import Guard, Policy, client_address, is_direct_from_loopback, policy_of
from ahadi.platform.web.idempotency import perform
from ahadi.platform.web.paging import Page, Paging, listed, next_page
from ahadi.platform.web.parts import database_of, hub_of, keyring_of, organisation_of, settings_of
from ahadi.platform.web.problems import Problem, install_problems, problem_of, render_problem
from ahadi.platform.web.quick import Quick
from ahadi.platform.web.routes import Router
from ahadi.platform.web.static import Statics
from ahadi.platform.web.streams import Streams

__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "Guard",
    "Needs",
    "Page",
    "Paging",
    "Policy",
    "Problem",
    "Public",
    "Quick",
    "Router",
    "Statics",
    "Streams",
    "actor_of",
    "answer",
    "client_address",
    "database_of",
    "encode",
    "hub_of",
    "install_problems",
    "is_direct_from_loopback",
    "keyring_of",
    "listed",
    "needs",
    "next_page",
    "organisation_of",
    "perform",
    "policy_of",
    "problem_of",
    "render_problem",
    "settings_of",
]
