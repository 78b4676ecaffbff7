"""The little of a customer that every look at a case needs, asked along with the rest in one round trip."""

from dataclasses import dataclass
from uuid import UUID

from ahadi.platform.database import Answer, Work


@dataclass(frozen=True, slots=True)
class Glance:
    """A customer's name, and the language they prefer where they said so."""

    name: str | None
    language: str | None


async def ask_glance(work: Work, organisation_id: UUID, customer_id: UUID) -> Answer[Glance]:
    """Sent now, read later."""
    return await work.ask(
        Glance,
        "select p.name, p.language from customer c join customer p on p.organisation_id = c.organisation_id"
        " and p.id = c.group_id where c.organisation_id = %(organisation_id)s and c.id = %(customer_id)s",
        {"organisation_id": organisation_id, "customer_id": customer_id},
    )


async def hold_still(work: Work, organisation_id: UUID, customer_id: UUID) -> None:
    """Lock a customer until the transaction ends, so that two contacts at once are placed one after the other."""
    await work.execute(
        "select 1 from customer where organisation_id = %(organisation_id)s and id = %(customer_id)s for no key update",
        {"organisation_id": organisation_id, "customer_id": customer_id},
    )
