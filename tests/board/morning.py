"""A call centre in the middle of a morning, with something behind every number of the board."""

from datetime import datetime, timedelta
from typing import Any

from ahadi.base.clock import FixedClock
from ahadi.base.ids import uuid7
from ahadi.platform.database import Database, Work
from tests.screens.builders import NOW, Centre, a_centre, a_morning


async def a_busy_morning(database: Database, clock: FixedClock) -> Centre:
    """The morning of the screens, and a chat that waits, work that is offered or that nobody wants, presences of
    every kind, and contacts in the weeks before."""
    clock.set(NOW)
    centre = await a_centre(database)
    await a_morning(database, clock, centre)
    async with database.work(centre.everything) as work:
        await make_busy(work, centre)
    return centre


async def make_busy(work: Work, centre: Centre) -> None:
    """Put something behind every number."""
    await _presences(work, centre)
    await a_chat_waits(work, centre, "router")
    await _queues(work, centre)
    await contacts_before(work, centre, "outage", [2, 1, 0, 3, 2, 1, 1, 2])
    await contacts_before(work, centre, "bill", [1, 1, 1, 1, 1, 1, 1, 1])


async def _presences(work: Work, centre: Centre) -> None:
    for name, presence, minutes in (
        ("amina", "available", 200),
        ("brian", "busy", 12),
        ("joseph", "wrap-up", 3),
        ("lucy", "break", 25),
        ("grace", "offline", 55),
        ("naomi", "available", 70),
    ):
        await work.execute(
            "update person set presence = %(presence)s, presence_since = %(since)s where id = %(id)s",
            {"presence": presence, "since": work.now - timedelta(minutes=minutes), "id": centre.people[name]},
        )


async def _case(work: Work, centre: Centre, called: str) -> dict[str, Any]:
    found = await work.row(
        "select organisation_id, id, held_since, customer_id from cases where reference = %(reference)s",
        {"reference": centre.cases[called]},
    )
    assert found is not None
    return found


async def a_chat_waits(work: Work, centre: Centre, called: str) -> None:
    """The contact of a case becomes a chat in which nobody has answered."""
    case = await _case(work, centre, called)
    of = {"o": case["organisation_id"], "case": case["id"]}
    contact = await work.value("select id from contact where organisation_id = %(o)s and case_id = %(case)s", of)
    message = uuid7()
    await work.execute(
        "insert into message (organisation_id, id, contact_id, case_id, customer_id, direction, channel, author_kind,"
        " at, state) values (%(o)s, %(id)s, %(contact)s, %(case)s, %(customer)s, 'in', 'chat', 'customer', %(at)s,"
        " 'received')",
        {**of, "id": message, "contact": contact, "customer": case["customer_id"],
         "at": work.now - timedelta(minutes=9)},
    )  # fmt: skip
    await work.execute(
        "insert into message_text (organisation_id, message_id, body) values (%(o)s, %(id)s, 'Are you there?')",
        {"o": case["organisation_id"], "id": message},
    )
    chat = uuid7()
    await work.execute(
        "insert into chat (organisation_id, id, token_hash, language, contact_id, own_case_id, made_at, expires_at,"
        " visitor_at, last) values"
        " (%(o)s, %(id)s, %(hash)s, 'en', %(contact)s, %(case)s, %(at)s, %(until)s, %(at)s, 1)",
        {**of, "id": chat, "hash": chat.bytes, "contact": contact, "at": work.real_now,
         "until": work.real_now + timedelta(days=1)},
    )  # fmt: skip
    await work.execute(
        "insert into chat_event (organisation_id, chat_id, position, message_id, at)"
        " values (%(o)s, %(chat)s, 1, %(message)s, %(at)s)",
        {"o": case["organisation_id"], "chat": chat, "message": message, "at": work.real_now},
    )


async def _queues(work: Work, centre: Centre) -> None:
    """Of what waits in departments one case asks for a skill, one is offered to somebody, and one nobody took."""
    waiting = await work.rows(
        "select organisation_id, id, held_since from cases where state = 'open' and holder_department is not null"
        " order by opened_at, id"
    )
    assert len(waiting) >= 3, "the morning leaves work in departments"
    skilled, offered, refused = waiting[:3]
    await work.execute(
        "insert into routing_fact (organisation_id, case_id, at, version, request, skill) values (%(organisation_id)s,"
        " %(id)s, %(held_since)s, 1, '{}', 'high-voltage') on conflict (organisation_id, case_id)"
        " do update set skill = 'high-voltage'",
        skilled,
    )
    await work.execute(
        "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at, round)"
        " values (%(organisation_id)s, %(offer)s, %(id)s, %(person)s, 'route', 'offered', %(now)s, %(until)s, 1)",
        offered | {"offer": uuid7(), "person": centre.people["amina"], "now": work.now,
                   "until": work.now + timedelta(minutes=5)},
    )  # fmt: skip
    await work.execute(
        "insert into offer_round (organisation_id, case_id, number, held_since, began_at, exhausted_at)"
        " values (%(organisation_id)s, %(id)s, 1, %(held_since)s, %(held_since)s, %(now)s)"
        " on conflict (organisation_id, case_id) do update set exhausted_at = excluded.exhausted_at",
        refused | {"now": work.now},
    )


async def contacts_before(work: Work, centre: Centre, called: str, counts: list[int]) -> None:
    """So many contacts about a case in this hour of each of the weeks before, and one long ago."""
    case = await _case(work, centre, called)
    moments = [
        work.now - timedelta(weeks=week, minutes=10 + number)
        for week, many in enumerate(counts, 1)
        for number in range(many)
    ]
    for at in [*moments, work.now - timedelta(weeks=30)]:
        await _contact(work, case, at)


async def contacts_now(work: Work, centre: Centre, called: str, many: int, *, automatic: bool = False) -> None:
    """So many contacts about a case, five minutes ago."""
    case = await _case(work, centre, called)
    for _ in range(many):
        await _contact(work, case, work.now - timedelta(minutes=5), automatic)


async def _contact(work: Work, case: dict[str, Any], at: datetime, automatic: bool = False) -> None:
    await work.execute(
        "insert into contact (organisation_id, id, channel, direction, customer_id, case_id, started_at, automatic)"
        " values (%(organisation_id)s, %(contact)s, 'phone', 'in', %(customer_id)s, %(id)s, %(at)s, %(automatic)s)",
        {**case, "contact": uuid7(), "at": at, "automatic": automatic},
    )
