"""What is put before somebody now: for the partial `offers/now.html`, on whatever page it stands."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ahadi.platform.database import Together, Work
from ahadi.routing import offer_store, wrap_up_store


async def offers_now(work: Work, person: UUID) -> list[Mapping[str, Any]]:
    """Offers to a person that wait for an answer, then work they finished and have not said of what it came to.

    Each row names its `organisation_id`, `case_id` and `reference`; `finished` tells the second sort from the first.
    """
    async with Together() as asked:
        offered = asked.ask(offer_store.shown_to(work, person))
        finished = asked.ask(wrap_up_store.shown_to(work, person))
    return [
        *({**each, "finished": False} for each in offered.result()),
        *({**each, "finished": True} for each in finished.result()),
    ]
