"""How an organisation looks on its customers' pages: its name or logo, and its colour as tokens of the one stylesheet.

The colour comes as a stylesheet of its own, so that no page holds style; whatever colour was chosen, text on it and in
it can be read in light and in dark.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from ahadi.base.colours import dark_shades, light_shades
from ahadi.base.errors import NotFound
from ahadi.directory import Organisation, get_organisation, portal_store
from ahadi.directory.portal_store import Logo
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import PUBLIC, Router, database_of
from ahadi.screens.reader import later

router = Router(prefix="/brand/{organisation}", include_in_schema=False, dependencies=[PUBLIC])
_KEPT = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class Branded:
    """What a customer's page needs of an organisation's looks. Addresses change with what they lead to."""

    organisation: Organisation
    logo: Logo | None

    @property
    def stylesheet(self) -> str:
        colour = self.organisation.settings.brand.colour
        return f"/brand/{self.organisation.slug}/looks.css?v={colour.lstrip('#')}"

    @property
    def picture(self) -> str:
        return f"/brand/{self.organisation.slug}/logo.png?v={self.logo.digest}" if self.logo else ""

    @property
    def website(self) -> str:
        return self.organisation.settings.brand.website


async def branded(work: Work, organisation: Organisation) -> Branded:
    """How an organisation looks to its customers."""
    return Branded(organisation, await portal_store.logo_of(work, organisation.id))


def stylesheet(colour: str) -> str:
    """The tokens that a colour changes, over those of the house."""
    light, dark = light_shades(colour), dark_shades(colour)
    tokens = {
        "accent": (light.accent, dark.accent),
        "accent-strong": (light.strong, dark.strong),
        "on-accent": (light.on, dark.on),
        "accent-wash": (light.wash, dark.wash),
        "accent-line": (light.line, dark.line),
    }
    lines = [f"  --{name}: light-dark({one}, {two});" for name, (one, two) in tokens.items()]
    return "\n".join([":root:root {", *lines, "}", ""])


async def _named(request: Request, organisation: str) -> Organisation:
    async with database_of(request).read(Actor.system([])) as work:
        found = await get_organisation(work, organisation)
    if found is None or found.slug != organisation:
        raise NotFound(later("There is nothing at this address; check it."))
    return found


ThisOrganisation = Annotated[Organisation, Depends(_named)]


@router.get("/looks.css")
async def get_stylesheet(found: ThisOrganisation) -> Response:
    """The organisation's colour, for its customers' pages."""
    css = stylesheet(found.settings.brand.colour)
    return Response(css, media_type="text/css", headers={"Cache-Control": _KEPT})


@router.get("/logo.png")
async def get_logo(request: Request, found: ThisOrganisation) -> Response:
    """The organisation's logo."""
    async with database_of(request).read(Actor("customer", None, {found.id: frozenset()})) as work:
        data = await portal_store.logo_data(work, found.id)
    if data is None:
        raise NotFound(later("There is nothing at this address; check it."))
    headers = {"Cache-Control": _KEPT, "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(data, media_type="image/png", headers=headers)
