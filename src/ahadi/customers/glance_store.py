"""The little of a customer that every look at a case needs, and holding one still."""

from uuid import UUID

from ahadi.platform.database import Work

GLANCE_OF_CASE = (
    "select json_build_array(g.name, g.language) from customer k join customer g"
    " on g.organisation_id = k.organisation_id and g.id = k.group_id"
    " where k.organisation_id = c.organisation_id and k.id = c.customer_id"
)
"""The name and language of the customer of a case `c`: part of the statement behind a touch."""


async def hold_still(work: Work, organisation_id: UUID, customer_id: UUID) -> None:
    """Lock a customer until the transaction ends, so that two contacts at once are placed one after the other."""
    await work.execute(
        "select 1 from customer where organisation_id = %(organisation_id)s and id = %(customer_id)s for no key update",
        {"organisation_id": organisation_id, "customer_id": customer_id},
    )
