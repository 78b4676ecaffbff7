"""The SQL of the desk: macros, drafts, who has a case open, and what a person chose."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.cases import Holder
from ahadi.desk.model import AfterSending, AtDesk, Deeds, Here, Macro, Mode
from ahadi.directory import Within
from ahadi.platform.database import Work

_MACRO = (
    "select organisation_id, id, name, reply, note, promise_kind, promise_within, promise_text, to_person,"
    " to_department from macro where organisation_id = any(%(organisations)s)"
)


def _macro(row: dict[str, Any]) -> Macro:
    to = row["to_person"], row["to_department"]
    deeds = Deeds(
        reply=row["reply"],
        note=row["note"],
        promise=row["promise_kind"],
        within=Within.parse(row["promise_within"]) if row["promise_within"] else None,
        promise_text=row["promise_text"],
        to=Holder(person=to[0], department=to[1]) if any(to) else None,
    )
    return Macro(row["organisation_id"], row["id"], row["name"], deeds)


async def macros_of(work: Work, organisation_id: UUID) -> list[Macro]:
    rows = await work.rows(f"{_MACRO} order by name, id limit 500", {"organisations": [organisation_id]})
    return [_macro(each) for each in rows]


async def find_macro(work: Work, macro_id: UUID) -> Macro | None:
    """A macro among the actor's organisations."""
    row = await work.row(f"{_MACRO} and id = %(id)s", {"organisations": list(work.actor.organisations), "id": macro_id})
    return _macro(row) if row else None


async def put_macro(work: Work, macro: Macro) -> bool:
    """Write a macro, in place of the one of its id. False when another has its name."""
    deeds = macro.deeds
    taken = await work.value(
        "select true from macro where organisation_id = %(organisation_id)s and name = %(name)s and id <> %(id)s",
        {"organisation_id": macro.organisation_id, "name": macro.name, "id": macro.id},
    )
    if taken:
        return False
    await work.execute(
        "insert into macro (organisation_id, id, name, reply, note, promise_kind, promise_within, promise_text,"
        " to_person, to_department, changed_by, changed_at) values (%(organisation_id)s, %(id)s, %(name)s, %(reply)s,"
        " %(note)s, %(promise_kind)s, %(promise_within)s, %(promise_text)s, %(to_person)s, %(to_department)s, %(by)s,"
        " %(now)s) on conflict (organisation_id, id) do update set name = excluded.name, reply = excluded.reply,"
        " note = excluded.note, promise_kind = excluded.promise_kind, promise_within = excluded.promise_within,"
        " promise_text = excluded.promise_text, to_person = excluded.to_person,"
        " to_department = excluded.to_department, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        {
            "organisation_id": macro.organisation_id,
            "id": macro.id,
            "name": macro.name,
            "reply": deeds.reply,
            "note": deeds.note,
            "promise_kind": deeds.promise,
            "promise_within": str(deeds.within) if deeds.within else None,
            "promise_text": deeds.promise_text,
            "to_person": deeds.to.person if deeds.to else None,
            "to_department": deeds.to.department if deeds.to else None,
            "by": work.actor.person_id,
            "now": work.now,
        },
    )
    return True


async def delete_macro(work: Work, macro: Macro) -> None:
    await work.execute(
        "delete from macro where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": macro.organisation_id, "id": macro.id},
    )


# Drafts ---------------------------------------------------------------------------------------------------------


async def put_draft(work: Work, organisation_id: UUID, case_id: UUID, person_id: UUID, mode: Mode, body: str) -> None:
    await work.execute(
        "insert into draft (organisation_id, case_id, person_id, mode, body, changed_at) values (%(organisation_id)s,"
        " %(case_id)s, %(person_id)s, %(mode)s, %(body)s, %(now)s)"
        " on conflict (organisation_id, case_id, person_id, mode)"
        " do update set body = excluded.body, changed_at = excluded.changed_at",
        {
            "organisation_id": organisation_id,
            "case_id": case_id,
            "person_id": person_id,
            "mode": mode,
            "body": body,
            "now": work.real_now,
        },
    )


async def delete_draft(work: Work, organisation_id: UUID, case_id: UUID, person_id: UUID, mode: Mode) -> None:
    await work.execute(
        "delete from draft where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and person_id = %(person_id)s and mode = %(mode)s",
        {"organisation_id": organisation_id, "case_id": case_id, "person_id": person_id, "mode": mode},
    )


async def drafts_of_cases(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Everything half written about these cases, by anybody."""
    return await work.rows(
        "select case_id, person_id, mode, body, changed_at from draft where organisation_id = %(organisation_id)s"
        " and case_id = any(%(case_ids)s) order by case_id, person_id, mode",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )


async def delete_drafts_of_cases(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> None:
    await work.execute(
        "delete from draft where organisation_id = %(organisation_id)s and case_id = any(%(case_ids)s)",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )


# Who has a case open --------------------------------------------------------------------------------------------


async def put_here(work: Work, organisation_id: UUID, case_id: UUID, person_id: UUID, writing: bool) -> None:
    await work.execute(
        "insert into at_case (organisation_id, case_id, person_id, writing, seen_at)"
        " values (%(organisation_id)s, %(case_id)s, %(person_id)s, %(writing)s, %(now)s)"
        " on conflict (organisation_id, case_id, person_id)"
        " do update set writing = excluded.writing, seen_at = excluded.seen_at",
        {
            "organisation_id": organisation_id,
            "case_id": case_id,
            "person_id": person_id,
            "writing": writing,
            "now": work.real_now,
        },
    )


async def delete_here(work: Work, organisation_id: UUID, case_id: UUID, person_id: UUID) -> None:
    await work.execute(
        "delete from at_case where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and person_id = %(person_id)s",
        {"organisation_id": organisation_id, "case_id": case_id, "person_id": person_id},
    )


async def forget_old(work: Work, organisations: Sequence[UUID], here: datetime, drafts: datetime) -> None:
    """Drop who was at a case before `here`, and drafts nobody touched since `drafts`."""
    await work.execute(
        "delete from at_case where organisation_id = any(%(organisations)s) and seen_at < %(before)s",
        {"organisations": list(organisations), "before": here},
    )
    await work.execute(
        "delete from draft where organisation_id = any(%(organisations)s) and changed_at < %(before)s",
        {"organisations": list(organisations), "before": drafts},
    )


# All of it at once ----------------------------------------------------------------------------------------------


async def at_desk(work: Work, organisation_id: UUID, case_id: UUID, person_id: UUID | None, since: datetime) -> AtDesk:
    """What a person has half written about a case, the others who have it open, those who write first, and where the
    person wants to be after sending."""
    row = await work.row(
        "select (select json_object_agg(mode, body) from draft where organisation_id = %(organisation_id)s"
        " and case_id = %(case_id)s and person_id = %(person_id)s) as drafts,"
        " (select json_agg(json_build_array(person_id, writing) order by writing desc, person_id) from at_case"
        " where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and person_id is distinct from %(person_id)s and seen_at > %(since)s) as others,"
        " (select after_sending from desk_choice where person_id = %(person_id)s) as after",
        {"organisation_id": organisation_id, "case_id": case_id, "person_id": person_id, "since": since},
    )
    assert row is not None
    others = [Here(UUID(person), writing) for person, writing in row["others"] or ()]
    return AtDesk(row["drafts"] or {}, others, row["after"] or "stay")


# What a person chose --------------------------------------------------------------------------------------------


async def put_choice(work: Work, person_id: UUID, chosen: AfterSending) -> None:
    await work.execute(
        "insert into desk_choice (person_id, after_sending) values (%(person_id)s, %(chosen)s)"
        " on conflict (person_id) do update set after_sending = excluded.after_sending"
        " where desk_choice.after_sending <> excluded.after_sending",
        {"person_id": person_id, "chosen": chosen},
    )
