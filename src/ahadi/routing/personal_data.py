"""What routing holds of a person's own words, and how it is forgotten."""

from collections.abc import Sequence
from uuid import UUID

from ahadi.platform.database import Work
from ahadi.routing import offer_store, store


async def forget_heard(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> None:
    """Forget which phrases the customers of these cases said, and what was said when the cases were declined."""
    await store.forget_heard(work, organisation_id, case_ids)
    await offer_store.forget_words(work, organisation_id, case_ids)
