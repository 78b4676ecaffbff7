"""Two organisations on one installation: people in every role, tokens, and things that belong to the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from ahadi import contacts, desk
from ahadi.base.ids import uuid7
from ahadi.cases import Holder
from ahadi.directory import Permission, Role, permissions_of
from ahadi.main.wiring import Installation
from ahadi.platform import webhooks, webhooks_store
from ahadi.platform.database import Actor
from ahadi.platform.webhooks_store import Delivery
from ahadi.routing import drafting
from ahadi.search import SavedView
from ahadi.search import store as search_store
from tests.cases.builders import a_case, a_customer, promised
from tests.main.builders import bearer, organisation, somebody

SECRET_WORD = "Nightingale"  # written into everything that belongs to the first organisation


@dataclass
class Caller:
    """Somebody who calls, and what they hold in the first organisation."""

    name: str
    headers: Mapping[str, str]
    held: frozenset[str] = frozenset()
    signed_in: bool = True


@dataclass
class World:
    ours: UUID
    theirs: UUID
    callers: list[Caller] = field(default_factory=list)
    strangers: list[Caller] = field(default_factory=list)
    # Things of the first organisation by the name under which routes and bodies ask for them.
    things: dict[str, Any] = field(default_factory=dict)


ANONYMOUS = Caller("anonymous", {}, signed_in=False)


async def build(app: Any, installation: Installation) -> World:
    database = installation.database
    ours, theirs = await organisation(database, "power", "PW"), await organisation(database, "net", "NT")
    world = World(ours, theirs, [ANONYMOUS])
    for role in Role:
        person = await somebody(database, f"our-{role}", [ours], role)
        world.callers.append(Caller(str(role), await session(app, person.slug), permissions_of([role])))
        other = await somebody(database, f"their-{role}", [theirs], role)
        world.strangers.append(Caller(f"their {role}", await session(app, other.slug), permissions_of([role])))
    await somebody(database, "our-colleague", [ours], Role.AGENT)
    for scope in (Permission.EXPORT, Permission.CASE_READ):
        token = await bearer(database, ours, [scope])
        world.callers.append(Caller(f"token {scope}", token, frozenset({scope})))
    everything = frozenset(Permission)
    world.callers.append(Caller("token all", await bearer(database, ours), everything))
    world.strangers.append(Caller("their token", await bearer(database, theirs), everything))
    world.things = await things(installation, ours)
    return world


async def session(app: Any, slug: str) -> dict[str, str]:
    """The headers of a browser in which the person is signed in."""
    from ahadi.directory import sign_in
    from ahadi.directory.sign_in import Where

    installation: Installation = app.state.installation
    signed_in = await sign_in.sign_in_to_demo(installation.database, slug, Where("127.0.0.1"), timedelta(hours=12))
    return {"Cookie": f"{installation.policy.cookie}={signed_in.secret}", "Sec-Fetch-Site": "same-origin"}


async def things(installation: Installation, ours: UUID) -> dict[str, Any]:
    """One of everything, in the first organisation."""
    system = Actor.system([ours])
    async with installation.database.work(system) as work:
        person = await work.value("select id from person where slug = 'our-agent'")
        holder = Holder(person=person)
        case = await a_case(work, ours, holder=holder, promise=promised(work.now, owner=holder), subject=SECRET_WORD)
        into = await a_case(work, ours, holder=holder, promise=promised(work.now, owner=holder), subject=SECRET_WORD)
        other_customer = await a_customer(work, ours)
        await work.execute("update customer set name = %(name)s", {"name": SECRET_WORD})
        message = await contacts.note(work, ours, case.id, SECRET_WORD)
        batch = uuid7()
        intent = f"batch:{batch}:{other_customer}"
        held = contacts.Writing(
            "sms", case.id, other_customer, "+254712345678", SECRET_WORD, intent, missing=("reason",)
        )
        await contacts.write(work, ours, held)
        webhook, _ = await webhooks.add_webhook(work, installation.keyring, ours, f"https://{SECRET_WORD}.example", [])
        delivery = Delivery(uuid7(), webhook.id, 1, "case.opened", "waiting", 0, None, None, work.real_now, None)
        await webhooks_store.add_delivery(work, ours, delivery)
        await webhooks_store.note_attempt(work, ours, delivery.id, "failed", 500, SECRET_WORD)
        view = SavedView(ours, uuid7(), person, SECRET_WORD, SECRET_WORD, True, work.real_now)
        search_store.add_view(work, view)
        offer = uuid7()
        await work.execute(
            "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at)"
            " values (%(o)s, %(id)s, %(case)s, %(person)s, 'direct-line', 'offered', %(now)s, %(until)s)",
            {"o": ours, "id": offer, "case": case.id, "person": person, "now": work.now,
             "until": work.now + timedelta(hours=1)},
        )  # fmt: skip
        finished, wrap_up = uuid7(), uuid7()
        await work.execute(
            "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at,"
            " settled_at, finished_at) values (%(o)s, %(id)s, %(case)s, %(person)s, 'route', 'accepted', %(now)s,"
            " %(now)s, %(now)s, %(now)s)",
            {"o": ours, "id": finished, "case": into.id, "person": person, "now": work.now},
        )
        await work.execute("insert into offer_text (organisation_id, offer_id, text) values (%(o)s, %(id)s, %(text)s)",
                           {"o": ours, "id": offer, "text": SECRET_WORD})  # fmt: skip
        await work.execute(
            "insert into wrap_up (organisation_id, id, offer_id, case_id, person_id, began_at, ends_at)"
            " values (%(o)s, %(id)s, %(offer)s, %(case)s, %(person)s, %(now)s, %(until)s)",
            {"o": ours, "id": wrap_up, "offer": finished, "case": into.id, "person": person, "now": work.now,
             "until": work.now + timedelta(hours=1)},
        )  # fmt: skip
        mailbox, quarantined = uuid7(), uuid7()
        await work.execute(
            "insert into mailbox (organisation_id, id, address, settings) values (%(o)s, %(id)s, %(address)s, 'x')",
            {"o": ours, "id": mailbox, "address": f"{SECRET_WORD}@example.org"},
        )
        await work.execute(
            "insert into quarantine (organisation_id, id, why, at) values (%(o)s, %(id)s, 'blocked', %(now)s)",
            {"o": ours, "id": quarantined, "now": work.now},
        )
        department, absence, shift = uuid7(), uuid7(), uuid7()
        await work.execute(
            "insert into department (organisation_id, id, slug, names, hours)"
            " values (%(o)s, %(id)s, 'repairs', %(names)s, '24/7')",
            {"o": ours, "id": department, "names": f'{{"en": "{SECRET_WORD}"}}'},
        )
        await work.execute(
            "insert into reason (organisation_id, slug, names) values (%(o)s, 'outage', %(names)s)",
            {"o": ours, "names": f'{{"en": "{SECRET_WORD}"}}'},
        )
        rota = {"o": ours, "absence": absence, "shift": shift, "person": person, "from": work.now,
                "until": work.now + timedelta(hours=1)}  # fmt: skip
        await work.execute(
            "insert into absence (organisation_id, id, person_id, starts_at, ends_at)"
            " values (%(o)s, %(absence)s, %(person)s, %(from)s, %(until)s)",
            rota,
        )
        await work.execute(
            "insert into shift (organisation_id, id, person_id, starts_at, ends_at)"
            " values (%(o)s, %(shift)s, %(person)s, %(from)s, %(until)s)",
            rota,
        )
        leave_request, swap = uuid7(), uuid7()
        await work.execute(
            "insert into leave_request (organisation_id, id, person_id, starts_at, ends_at, kind, state, made_at)"
            " values (%(o)s, %(id)s, %(person)s, %(from)s, %(until)s, 'leave', 'asked', %(from)s)",
            rota | {"id": leave_request},
        )
        await work.execute(
            "insert into swap (organisation_id, id, person_id, starts_at, ends_at, state, made_at)"
            " values (%(o)s, %(id)s, %(person)s, %(until)s, %(later)s, 'offered', %(from)s)",
            rota | {"id": swap, "later": work.now + timedelta(hours=2)},
        )
        booking, promise = uuid7(), case.open_promises[0]
        await work.execute(
            "insert into booking (organisation_id, id, case_id, promise_id, kind, wish, seat, starts_at, ends_at,"
            " made_at) values (%(o)s, %(id)s, %(case)s, %(promise)s, 'callback', 'person', %(person)s, %(from)s,"
            " %(until)s, %(now)s)",
            {"o": ours, "id": booking, "case": case.id, "promise": promise.id, "person": person, "now": work.now,
             "from": promise.due_at - timedelta(minutes=15), "until": promise.due_at},
        )  # fmt: skip
        token = await work.value("select id from token where organisation_id = %(o)s limit 1", {"o": ours})
        session = await work.value("select id from session limit 1")
        browser = uuid7()
        await work.execute(
            "insert into push_subscription (id, person_id, endpoint_hash, sealed, own_key, made_at)"
            " values (%(id)s, %(person)s, 'h', 'x', 'k', %(now)s)",
            {"id": browser, "person": person, "now": work.now},
        )
        contact = await work.value("select id from contact where organisation_id = %(o)s limit 1", {"o": ours})
        macro = desk.Macro(ours, uuid7(), SECRET_WORD, desk.Deeds(note=SECRET_WORD))
        await desk.save_macro(work, macro)
        rule = {"name": SECRET_WORD, "then": {"department": "repairs"}}
        rule_key = await drafting.add_row(work, ours, rule)
        await contacts.save_canned(work, ours, "on-the-way", "en", SECRET_WORD)
    found = {
        "organisation": "power",
        "macro_id": macro.id,
        "canned_slug": "on-the-way",
        "rule_key": rule_key,
        "rule_column": "name",
        "language": "en",
        "reference": case.reference,
        "into": into.reference,
        "promise_id": case.open_promises[0].id,
        "customer_id": case.customer_id,
        "customer": other_customer,
        "contacts": contact or UUID(int=99),
        "message_id": message,
        "batch_id": batch,
        "webhook_id": webhook.id,
        "view_id": view.id,
        "delivery_id": delivery.id,
        "offer_id": offer,
        "wrap_up_id": wrap_up,
        "case": case.reference,
        "booking_id": booking,
        "token_id": token,
        "session_id": session,
        "browser_id": browser,
        "person": "our-colleague",  # nobody who calls: some routes end all of a person's sign-ins
        "department": "repairs",
        "reason_slug": "outage",
        "absence_id": absence,
        "shift_id": shift,
        "shift": shift,
        "leave_request_id": leave_request,
        "swap_id": swap,
        "mailbox_id": mailbox,
        "id": quarantined,
    }
    return {name: str(value) for name, value in found.items()}


async def call(client: httpx.AsyncClient, caller: Caller, method: str, path: str, body: Any) -> httpx.Response:
    headers = {**caller.headers, "Accept": "application/json"}
    return await client.request(method, path, headers=headers, **({} if body is None else {"json": body}))
