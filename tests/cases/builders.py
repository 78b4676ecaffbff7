"""Cases and what they need, with sensible values."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder, NewCase, Promised, open_case
from ahadi.platform.database import Actor, Work

ORGANISATION = UUID("00000000-0000-7000-8000-00000000a0a1")
OTHER_ORGANISATION = UUID("00000000-0000-7000-8000-00000000b0b2")
ASHA, BEN = uuid7(), uuid7()
CARE, NETWORK = uuid7(), uuid7()


def system(*organisations: UUID) -> Actor:
    return Actor.system(organisations or (ORGANISATION,))


def promised(now: datetime, hours: float = 4, owner: Holder | None = None, **changes: Any) -> Promised:
    values: dict[str, Any] = {
        "kind": "update",
        "owner": owner or Holder(person=ASHA),
        "due_at": now + timedelta(hours=hours),
        "text": "We will tell you where it stands.",
    }
    return Promised(**(values | changes))


async def a_customer(work: Work, organisation_id: UUID = ORGANISATION) -> UUID:
    customer_id = uuid7()
    await work.execute(
        "insert into customer (organisation_id, id, group_id, name, made_at, changed_at)"
        " values (%(organisation_id)s, %(id)s, %(id)s, 'Neema', %(now)s, %(now)s)",
        {"organisation_id": organisation_id, "id": customer_id, "now": work.now},
    )
    return customer_id


async def a_case(work: Work, organisation_id: UUID = ORGANISATION, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "customer_id": await a_customer(work, organisation_id),
        "subject": "No power since last night",
        "holder": Holder(person=ASHA),
        "department_id": CARE,
        "channel": "phone",
        "language": "en",
        "promise": promised(work.now),
        "prefix": "PW",
    }
    return await open_case(work, organisation_id, NewCase(**(values | changes)))
