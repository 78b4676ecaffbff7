"""What an organisation chooses about offers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.directory import Permission, raise_version, read_directory
from ahadi.platform.database import Work
from ahadi.routing import matching_store
from ahadi.routing.offering import Offering, checked, offering_from


async def get_offering(work: Work, organisation_id: UUID) -> Offering:
    """How an organisation offers work. Whoever works there may know: it says among what they choose."""
    work.permit(organisation_id, Permission.DIRECTORY_READ)
    return await matching_store.offering_of(work, organisation_id)


async def change_offering(work: Work, organisation_id: UUID, change: Mapping[str, Any]) -> Offering:
    """Change how work is offered; what is not named stays, a list is given whole. Raises Invalid.

    It counts from the next look, within a second; offers that stand keep the time they were given.
    """
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    directory = await read_directory(work, organisation_id)
    was = await matching_store.offering_of(work, organisation_id)
    unknown = sorted(set(change) - set(Offering.__dataclass_fields__))
    if unknown:
        raise Invalid(f"There is no setting {unknown[0]!r} of offers.", unknown=unknown)
    now = checked(offering_from({**was.plain(), **change}), directory)
    fields = [name for name in Offering.__dataclass_fields__ if was.plain()[name] != now.plain()[name]]
    if fields:
        await matching_store.put_offering(work, organisation_id, now)
        await raise_version(work, organisation_id)
        work.record("offers.settings_changed", organisation_id, fields=fields)
    return now
