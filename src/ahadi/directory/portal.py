"""How an organisation looks to its customers: its name, its colour where everybody can read it, its logo."""

import hashlib
import re
from uuid import UUID

from ahadi.base.colours import is_colour, legible
from ahadi.base.errors import Invalid
from ahadi.directory import portal_store as store
from ahadi.directory.actions import OrganisationChange, change_organisation
from ahadi.directory.changing import changed
from ahadi.directory.permissions import Permission
from ahadi.directory.portal_store import Logo
from ahadi.platform.database import Work
from ahadi.platform.pictures import clean_png

MOST_BYTES = 512 * 1024
MOST_WIDTH, MOST_HEIGHT = 1600, 800


async def set_looks(work: Work, organisation_id: UUID, *, name: str, colour: str, website: str) -> None:
    """Change name, colour and website. Raises Invalid for a colour that cannot be read, and names one that can."""
    if not is_colour(colour):
        raise Invalid("Write the colour as # and six digits, such as #1f5f8b.", field="colour")
    readable = legible(colour)
    if readable != colour.lower():
        raise Invalid(
            f"{colour} cannot be read on a light page; {readable} is near it and can.",
            field="colour",
            readable=readable,
        )
    if website and not re.fullmatch(r"https?://[^\s<>\"']{1,200}", website):
        raise Invalid("This is no address of a website; write it like https://www.power.example.", field="website")
    brand = {"colour": colour.lower(), "website": website}
    await change_organisation(work, organisation_id, OrganisationChange(name=name, brand=brand))


async def set_logo(work: Work, organisation_id: UUID, data: bytes) -> None:
    """Take a logo: a PNG, which is made anew. Raises Invalid, TooLarge."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    picture = clean_png(data, most_bytes=MOST_BYTES, most_width=MOST_WIDTH, most_height=MOST_HEIGHT)
    digest = hashlib.sha256(picture.data).hexdigest()[:16]
    await store.put_logo(work, organisation_id, picture.data, Logo(picture.width, picture.height, digest))
    await changed(work, organisation_id, "organisation.changed", organisation_id, fields=["logo"])


async def remove_logo(work: Work, organisation_id: UUID) -> None:
    """Do without a logo."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    if await store.drop_logo(work, organisation_id):
        await changed(work, organisation_id, "organisation.changed", organisation_id, fields=["logo"])
