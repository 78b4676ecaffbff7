"""A small call centre as rows: two organisations, people of every role who can sign in, and a morning of cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from ahadi import cases, contacts, customers, intake, promises
from ahadi.base.clock import FixedClock
from ahadi.base.ids import uuid7
from ahadi.directory import permissions_of
from ahadi.intake import Contacting, Taken
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import hash_password
from ahadi.promises import Told

PASSWORD = "seven quiet herons"
MORNING = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)  # 07:30 in Nairobi
NOW = datetime(2026, 11, 24, 7, 12, tzinfo=UTC)

_DEPARTMENTS = {
    "power": [
        ("care", {"en": "Customer Care", "sw": "Huduma kwa Wateja"}, "+254 20 555 0101"),
        ("repairs", {"en": "Network Repairs", "sw": "Ukarabati wa Mtandao"}, "+254 20 555 0102"),
        ("billing", {"en": "Billing", "sw": "Bili"}, "+254 20 555 0103"),
    ],
    "net": [
        ("helpdesk", {"en": "Helpdesk", "sw": "Dawati la Msaada"}, "+254 20 555 0201"),
        ("field", {"en": "Field Engineers", "sw": "Mafundi wa Nje"}, "+254 20 555 0202"),
    ],
}
_REASONS = {
    "power": [
        ("outage", {"en": "No electricity", "sw": "Umeme umekatika"}, "repairs", "fix", "6h"),
        ("meter", {"en": "Faulty meter", "sw": "Mita mbovu"}, "repairs", "visit", "1d"),
        ("bill", {"en": "Question about a bill", "sw": "Swali kuhusu bili"}, "billing", "update", "4h"),
        ("payment", {"en": "Payment not shown", "sw": "Malipo hayaonekani"}, "billing", "callback", "2h"),
        ("complaint", {"en": "Complaint about service", "sw": "Malalamiko"}, "care", "callback", "1h"),
    ],
    "net": [
        ("slow", {"en": "Slow connection", "sw": "Mtandao wa polepole"}, "helpdesk", "update", "4h"),
        ("down", {"en": "No connection", "sw": "Hakuna mtandao"}, "field", "visit", "1d"),
    ],
}
_PEOPLE: list[tuple[str, str, str, dict[str, list[str]], str]] = [
    ("amina", "Amina Otieno", "agent", {"power": ["care"], "net": ["helpdesk"]}, "Mo-Fr 06:00-14:00"),
    ("brian", "Brian Kiprop", "agent", {"power": ["care"]}, "Mo-Fr 08:00-17:00"),
    ("chao", "Chao Mwakio", "agent", {"power": ["care"], "net": ["helpdesk"]}, "Mo-Fr 14:00-22:00"),
    ("joseph", "Joseph Mwangi", "specialist", {"power": ["repairs"]}, "Mo-Fr 07:00-16:00"),
    ("lucy", "Lucy Achieng", "specialist", {"power": ["billing"]}, "Mo-Fr 08:00-14:00"),
    ("grace", "Grace Njeri", "supervisor", {"power": ["care"], "net": ["helpdesk"]}, "Mo-Fr 08:00-17:00"),
    ("naomi", "Naomi Wanjiku", "manager", {"power": ["repairs", "billing"]}, "Mo-Fr 08:00-17:00"),
    ("otieno", "Otieno Odhiambo", "manager", {"net": ["field"]}, "Mo-Fr 08:00-17:00"),
    ("hamisi", "Hamisi Ally", "administrator", {"power": [], "net": []}, "Mo-Fr 09:00-17:00"),
]


@dataclass
class Centre:
    """Ids by short name, and the references of some cases by what they are."""

    organisations: dict[str, UUID]
    people: dict[str, UUID]
    departments: dict[str, UUID]
    roles: dict[str, dict[UUID, frozenset[str]]]
    cases: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        """Somebody as they are when they are signed in."""
        return Actor("person", self.people[name], {org: permissions_of(r) for org, r in self.roles[name].items()})

    def email(self, name: str) -> str:
        return f"{name}@daraja.example"

    @property
    def everything(self) -> Actor:
        return Actor.system(self.organisations.values())


async def a_centre(database: Database) -> Centre:
    """Mto Power and Pwani Net, served by one call centre; everybody signs in with `PASSWORD`."""
    centre = Centre(
        {each: uuid7() for each in _DEPARTMENTS},
        {name: uuid7() for name, *_ in _PEOPLE},
        {slug: uuid7() for held in _DEPARTMENTS.values() for slug, *_ in held},
        {},
    )
    hashed = await hash_password(PASSWORD)
    async with database.work(centre.everything) as work:
        for slug, name, prefix in (("power", "Mto Power", "PW"), ("net", "Pwani Net", "NET")):
            await _organisation(work, centre, slug, name, prefix)
        for each in _PEOPLE:
            await _person(work, centre, hashed, *each)
        for slug, manager, department in (("power", "naomi", "care"), ("net", "otieno", "helpdesk")):
            await work.execute(
                "update organisation set manager_id = %(m)s, default_department_id = %(d)s where id = %(o)s",
                {"m": centre.people[manager], "d": centre.departments[department], "o": centre.organisations[slug]},
            )
    return centre


async def _organisation(work: Work, centre: Centre, slug: str, name: str, prefix: str) -> None:
    id_ = centre.organisations[slug]
    settings = {
        "phone": "+254 20 555 0100",
        "sender_address": f"help@{slug}.example",
        "tiers": {"life-support": {"en": "Depends on powered medical equipment"}},
    }
    await work.execute(
        "insert into organisation (id, slug, name, prefix, zone, country, languages, settings, made_at) values"
        " (%(id)s, %(slug)s, %(name)s, %(prefix)s, 'Africa/Nairobi', 'KE', '{en,sw}', %(settings)s, %(now)s)",
        {
            "id": id_,
            "slug": slug,
            "name": name,
            "prefix": prefix,
            "settings": _json(settings),
            "now": work.now,
        },
    )
    for position, (short, names, phone) in enumerate(_DEPARTMENTS[slug]):
        await work.execute(
            "insert into department (organisation_id, id, slug, names, hours, phone, email, position) values"
            " (%(org)s, %(id)s, %(slug)s, %(names)s, '24/7', %(phone)s, %(email)s, %(position)s)",
            {
                "org": id_,
                "id": centre.departments[short],
                "slug": short,
                "names": _json(names),
                "phone": phone,
                "email": f"{short}@{slug}.example",
                "position": position,
            },
        )
    for short, names, department, kind, within in _REASONS[slug]:
        await work.execute(
            "insert into reason (organisation_id, slug, names, department_id, promise_kind, promise_within)"
            " values (%(org)s, %(slug)s, %(names)s, %(department)s, %(kind)s, %(within)s)",
            {
                "org": id_,
                "slug": short,
                "names": _json(names),
                "department": centre.departments[department],
                "kind": kind,
                "within": within,
            },
        )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def _person(
    work: Work,
    centre: Centre,
    hashed: str,
    short: str,
    name: str,
    role: str,
    serves: dict[str, list[str]],
    shifts: str,
) -> None:
    id_ = centre.people[short]
    values = {"id": id_, "slug": short, "name": name, "email": centre.email(short), "now": work.now, "hash": hashed}
    await work.execute(
        "insert into person (id, slug, name, email, presence, made_at)"
        " values (%(id)s, %(slug)s, %(name)s, %(email)s, 'available', %(now)s)",
        values,
    )
    await work.execute(
        "insert into credential (person_id, password_hash, changed_at) values (%(id)s, %(hash)s, %(now)s)", values
    )
    centre.roles[short] = {}
    for slug, departments in serves.items():
        organisation_id = centre.organisations[slug]
        centre.roles[short][organisation_id] = frozenset({role})
        await work.execute(
            "insert into membership (organisation_id, person_id, roles, languages)"
            " values (%(org)s, %(id)s, %(roles)s, '{en,sw}')",
            values | {"org": organisation_id, "roles": [role]},
        )
        for department in departments:
            await work.execute(
                "insert into department_member (organisation_id, department_id, person_id)"
                " values (%(org)s, %(department)s, %(id)s)",
                values | {"org": organisation_id, "department": centre.departments[department]},
            )
        await work.execute(
            "insert into shift_pattern (organisation_id, id, person_id, hours)"
            " values (%(org)s, %(pattern)s, %(id)s, %(shifts)s)",
            values | {"org": organisation_id, "pattern": uuid7(), "shifts": shifts},
        )


# A morning ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """Somebody gets in touch at a minute of the morning, and it is called something for the tests."""

    minute: int
    called: str
    organisation: str
    channel: str
    name: str | None
    reach: str
    reason: str | None
    subject: str
    text: str
    language: str | None = None


CALLS: Sequence[Call] = (
    Call(2, "fence", "power", "email", "Wanjiru Kamau", "wanjiru.kamau@mail.example", "meter",
         "Meter shows another house's number", "Since your people changed the meter the bill carries number 4471."),
    Call(5, "outage", "power", "phone", "Neema Mwende", "+254 712 345678", "outage",
         "No power in Kilimani since last night",
         "The whole row of houses at Argwings Kodhek Road is dark since 22:00. My mother needs her oxygen machine."),
    Call(11, "router", "net", "chat", "Salim Bakari", "salim@pwani.example", "slow",
         "Video calls break up every evening", "From seven to ten nothing works. I pay for 20 Mbit."),
    Call(16, "bill", "power", "email", "Peter Mutua", "peter.mutua@mail.example", "bill",
         "Bill is three times what it was", "October was 2,140. November says 6,880 and nobody was at home."),
    Call(24, "payment", "power", "sms", None, "+254 722 010203", "payment",
         "Nimelipa lakini haijaonekana", "Nimelipa 1,500 jana kwa M-Pesa lakini haijaonekana kwenye akaunti.", "sw"),
    Call(33, "mast", "net", "phone", "Zuhura Said", "+254 733 445566", "down",
         "No internet after the storm", "The light on the box is red since Sunday evening."),
    Call(41, "pole", "power", "web", "Kevin Odhiambo", "kevin.o@mail.example", "outage",
         "Leaning pole near the school", "It leans more every day. Children pass under it."),
    Call(58, "again", "power", "phone", "Neema Mwende", "+254 712 345678", "outage",
         "", "She asks when the crew comes: the food in the fridge is spoiling."),
    Call(70, "complaint", "power", "phone", "John Mwangi", "+254 701 223344", "complaint",
         "Nobody called back for two days", "He was promised a call on Friday and on Monday. He wants a manager."),
    Call(84, "move", "power", "email", "Faith Chebet", "faith.chebet@mail.example", None,
         "Moving house on the first", "I move to Ngong Road 14 on 1 December. What do you need from me?"),
    Call(96, "refund", "net", "email", "Ali Hassan", "ali.hassan@mail.example", None,
         "Refund for the week without service", "You promised a refund for the week of the cable cut."),
    Call(118, "token", "power", "phone", "Mercy Atieno", "+254 745 667788", "payment",
         "Token not accepted by the meter", "The meter says rejected to both tokens she bought today."),
    Call(141, "late", "power", "phone", "Peter M.", "+254 720 909090", "bill",
         "Asks for a copy of the August bill", "For his landlord, before noon."),
)  # fmt: skip


async def a_morning(database: Database, clock: FixedClock, centre: Centre, calls: Sequence[Call] = CALLS) -> Centre:
    """What a morning leaves behind: cases held by people and departments; promises kept, renewed, broken, near."""
    clock.set(MORNING)
    for call in calls:
        clock.set(MORNING + timedelta(minutes=call.minute))
        await promises.watch_until_quiet(database)
        taken = await contact(database, centre, call)
        centre.cases.setdefault(call.called, taken.case.reference)
    if calls is CALLS:
        await _worked(database, clock, centre)
    clock.set(NOW)
    await promises.watch_until_quiet(database)
    await _sent(database, centre)
    return centre


async def contact(database: Database, centre: Centre, call: Call, by: str = "amina") -> Taken:
    """Take one call in."""
    organisation_id = centre.organisations[call.organisation]
    reach = {"email" if "@" in call.reach else "phone": call.reach}
    actor = centre.actor(by) if call.channel == "phone" else Actor.system([organisation_id])
    async with database.work(actor) as work:
        contacting = Contacting(
            channel=call.channel,  # type: ignore[arg-type]
            text=call.text,
            subject=call.subject,
            name=call.name,
            reason=call.reason,
            language=call.language,
            **reach,  # type: ignore[arg-type]
        )
        return await intake.take_contact(work, organisation_id, contacting)


async def _worked(database: Database, clock: FixedClock, centre: Centre) -> None:
    """What people did with the cases."""
    at = MORNING.replace
    await _by(database, clock, centre, "joseph", at(hour=5, minute=50), _outage)
    await _by(database, clock, centre, "lucy", at(hour=6, minute=2), _bill)
    await _by(database, clock, centre, "amina", at(hour=6, minute=20), _amina)
    await _by(database, clock, centre, "joseph", at(hour=6, minute=26), _outage_told)
    await _by(database, clock, centre, "brian", at(hour=6, minute=31), _brian)
    await _by(database, clock, centre, "amina", at(hour=6, minute=52), _router)


async def _by(database: Database, clock: FixedClock, centre: Centre, who: str, at: datetime, deed: Any) -> None:
    clock.set(at)
    await promises.watch_until_quiet(database)
    async with database.work(centre.actor(who)) as work:
        await deed(work, centre)


async def _outage(work: Work, centre: Centre) -> None:
    reference = centre.cases["outage"]
    await promises.hold_case(work, reference, "joseph", None, "I am on it; the crew from Langata leaves at nine.")
    await promises.make_promise(
        work, reference, "update", work.now + timedelta(minutes=55), "We tell you when the crew has found the fault."
    )
    await cases.reclassify_case(work, reference, priority="urgent")
    await cases.tag_case(work, reference, ["kilimani", "life support"])
    case = await cases.get_case(work, reference)
    await contacts.note(
        work,
        case.organisation_id,
        case.id,
        "Oxygen concentrator at the address: her mother has a battery for about six hours. Do not let this wait.",
    )
    await cases.reply_to_customer(
        work,
        reference,
        "Good morning Neema, this is Joseph from Network Repairs. A crew leaves for Kilimani at nine. If the battery"
        " of the oxygen machine falls below half, call me at once and we bring a generator.",
    )


async def _outage_told(work: Work, centre: Centre) -> None:
    case = await cases.get_case(work, centre.cases["outage"])
    update = next(each for each in case.open_promises if each.kind == "update")
    await promises.keep_promise(work, update.id, "contact", "Told her: transformer fuse at pole 41, parts on the way.")


async def _bill(work: Work, centre: Centre) -> None:
    reference = centre.cases["bill"]
    await promises.hold_case(work, reference, "lucy", None)
    case = await cases.get_case(work, reference)
    assert case.next_promise
    await promises.renew_promise(
        work,
        case.next_promise.id,
        work.now + timedelta(hours=7),
        "the meter must be read again",
        Told("email", "We need one more reading before we can answer; you hear from us by five this afternoon."),
    )


async def _amina(work: Work, centre: Centre) -> None:
    await promises.hold_case(work, centre.cases["complaint"], "amina", None)
    await promises.make_promise(
        work,
        centre.cases["complaint"],
        "callback",
        work.now + timedelta(minutes=75),
        "Amina calls you with what the manager decided.",
    )
    await promises.hold_case(work, centre.cases["move"], "amina", None)
    await promises.make_promise(
        work, centre.cases["move"], "update", work.now + timedelta(days=1, hours=3), "The form for the new address."
    )


async def _brian(work: Work, centre: Centre) -> None:
    reference = centre.cases["fence"]
    await promises.hold_case(work, reference, "brian", None)
    case = await cases.get_case(work, reference)
    await promises.resolve_case(
        work,
        reference,
        outcome="The number on the account was corrected and a new bill is in the post.",
        keep=[each.id for each in case.open_promises],
        deed="work",
    )


async def _router(work: Work, centre: Centre) -> None:
    reference = centre.cases["router"]
    await promises.hold_case(work, reference, "amina", None)
    await promises.make_promise(
        work, reference, "callback", work.now + timedelta(minutes=55), "Amina calls with the result of the line test."
    )


async def _sent(database: Database, centre: Centre) -> None:
    """What a channel would have made of the messages: most went out, one failed, one may not have arrived."""
    async with database.work(centre.everything) as work:
        await work.execute(
            "update message set state = 'sent', sent_at = at where organisation_id = any(%(orgs)s)"
            " and state = 'queued'",
            {"orgs": list(centre.organisations.values())},
        )
        rows = await work.rows(
            "select id from message where organisation_id = %(org)s and direction = 'out' and channel = 'email'"
            " order by at limit 3",
            {"org": centre.organisations["power"]},
        )
        for row, (state, failure) in zip(
            rows, (("failed", "address-unknown"), ("uncertain", "sender-silent")), strict=False
        ):
            await work.execute(
                "update message set state = %(state)s, failure = %(failure)s, sent_at = null where id = %(id)s"
                " and organisation_id = %(org)s",
                {"state": state, "failure": failure, "id": row["id"], "org": centre.organisations["power"]},
            )


async def a_customer_link(database: Database, centre: Centre, called: str) -> str:
    """The address of a customer's own page, without the host."""
    async with database.read(centre.everything) as work:
        link = await cases.customer_link(work, await cases.get_case(work, centre.cases[called]))
    return "/c/" + link.rpartition("/c/")[2]


async def twins(database: Database, centre: Centre) -> None:
    """A second record of Neema, who is likely the same person."""
    async with database.work(centre.everything) as work:
        await customers.recognise(
            work,
            centre.organisations["power"],
            name="Neema Mwende",
            phone="+254 712 345687",
            email="neema.mwende@mail.example",
            country="KE",
        )
