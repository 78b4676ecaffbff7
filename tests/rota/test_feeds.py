"""One's own calendar, as a calendar program reads it: the shifts, the right clock, and nobody else's business."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from icalendar import Calendar

from ahadi import rota
from ahadi.directory import Role, permissions_of
from ahadi.directory.rota_actions import mark_absent, put_chain
from ahadi.platform.database import Actor, Database
from ahadi.platform.security import hash_secret
from tests.cases.builders import ORGANISATION, a_case, system
from tests.directory.builders import House, an_organisation
from tests.directory.values import nairobi

WED_8, WED_17 = nairobi(2026, 11, 25, 8), nairobi(2026, 11, 25, 17)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
        await put_chain(work, ORGANISATION, house.network, [house.dalila])
        await mark_absent(work, ORGANISATION, house.asha, WED_8, WED_8 + timedelta(hours=2), "leave")
        await a_case(work, ORGANISATION, subject="Nightingale")
        return house


def person(id_: UUID) -> Actor:
    return Actor("person", id_, {ORGANISATION: frozenset[str](permissions_of([Role.AGENT]))})


async def secret_of(database: Database, who: UUID) -> str:
    async with database.work(person(who)) as work:
        return await rota.make_feed(work, ORGANISATION)


def read(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


async def test_a_calendar_holds_one_s_own_shifts_less_absences_on_the_organisation_s_clock(
    database: Database, house: House
) -> None:
    events = read(await rota.calendar_by(database, await secret_of(database, house.asha)))
    spans = [(each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC)) for each in events]
    assert (WED_8 + timedelta(hours=2), WED_17) in spans  # away until ten
    assert (WED_8 + timedelta(days=1), WED_17 + timedelta(days=1)) in spans
    assert {str(each["SUMMARY"]) for each in events} == {"Shift: Care"}
    assert all(str(each["DTSTART"].params["TZID"]) == "Africa/Nairobi" for each in events)
    assert len({str(each["UID"]) for each in events}) == len(events)


async def test_it_carries_its_time_zone_and_no_customer_s_words(database: Database, house: House) -> None:
    content = await rota.calendar_by(database, await secret_of(database, house.asha))
    assert b"BEGIN:VTIMEZONE" in content and b"Nightingale" not in content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))  # RFC 5545, 3.1


async def test_who_is_on_call_sees_when_nobody_is_on_shift(database: Database, house: House) -> None:
    events = read(await rota.calendar_by(database, await secret_of(database, house.dalila)))
    spans = {(each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC)) for each in events}
    assert (WED_17, WED_8 + timedelta(days=1)) in spans  # Juma works by day alone
    assert {(str(each["SUMMARY"]), str(each["TRANSP"])) for each in events} == {("On call: Network", "TRANSPARENT")}


async def test_the_secret_is_kept_as_a_hash_and_a_new_or_revoked_one_ends_the_old(
    database: Database, house: House
) -> None:
    old = await secret_of(database, house.asha)
    async with database.read(system()) as work:
        [row] = await work.rows("select hash from calendar_feed")
    assert bytes(row["hash"]) == hash_secret(old) and old.encode() not in bytes(row["hash"])
    new = await secret_of(database, house.asha)
    with pytest.raises(Exception, match="no calendar"):
        await rota.calendar_by(database, old)
    async with database.work(person(house.asha)) as work:
        await rota.revoke_feed(work, ORGANISATION)
    with pytest.raises(Exception, match="no calendar"):
        await rota.calendar_by(database, new)


async def test_who_no_longer_works_here_has_no_calendar(database: Database, house: House) -> None:
    secret = await secret_of(database, house.asha)
    async with database.work(system()) as work:
        await work.execute("update membership set active = false where person_id = %(id)s", {"id": house.asha})
    with pytest.raises(Exception, match="no calendar"):
        await rota.calendar_by(database, secret)


async def test_it_is_fetched_by_its_address_and_again_only_when_it_changed(
    app: Any, database: Database, house: House
) -> None:
    secret = await secret_of(database, house.asha)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        first = await client.get(f"/calendars/{secret}.ics")
        assert first.status_code == 200 and first.headers["content-type"].startswith("text/calendar")
        assert first.headers["referrer-policy"] == "no-referrer" and "private" in first.headers["cache-control"]
        again = await client.get(f"/calendars/{secret}.ics", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304 and not again.content
        async with database.work(system()) as work:
            await mark_absent(work, ORGANISATION, house.asha, WED_17, WED_17 + timedelta(days=3), "leave")
        changed = await client.get(f"/calendars/{secret}.ics", headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200 and len(read(changed.content)) < len(read(first.content))
        assert (await client.get("/calendars/ahf_guess.ics")).status_code == 404


def test_the_bytes_are_the_same_all_day() -> None:
    from ahadi.rota.feeds import calendar_of

    morning = datetime(2026, 11, 24, 5, tzinfo=UTC)
    nobody = uuid5(UUID(int=1), "nobody")
    assert calendar_of(nobody, [], morning, "h") == calendar_of(nobody, [], morning + timedelta(hours=9), "h")
