"""What part of the organisations is looked at, and the addresses of the pages that list what a number counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.board.model import Place
from ahadi.cases import Where
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.search import Query, word_for


@dataclass(frozen=True, slots=True)
class Scope:
    """The organisations looked at, and the one department where one was chosen (`none`: cases without any)."""

    directories: Mapping[UUID, Directory]
    organisation: str = ""
    department: UUID | Literal["none"] | None = None

    @property
    def where(self) -> Where:
        return Where(list(self.directories), self.department)

    @property
    def place(self) -> Place:
        """Everything that is looked at."""
        return Place(None, self.department)

    def name(self, language: str) -> str:
        """What it is called: the department, or the organisations."""
        if isinstance(self.department, UUID):
            return next(iter(self.directories.values())).name_of(self.department, language)
        return ", ".join(sorted(each.organisation.name for each in self.directories.values()))

    def page(self, path: str, place: Place, **more: str) -> str:
        """The address of one of the board's own pages about a place."""
        chosen = dict(more)
        if place.organisation_id:
            chosen["organisation"] = self.directories[place.organisation_id].organisation.slug
        elif self.organisation:
            chosen["organisation"] = self.organisation
        if place.department:
            chosen["department"] = str(place.department)
        return f"{path}?{urlencode(chosen)}" if chosen else path

    def search(self, place: Place, holder: UUID | None = None, **words: tuple[str, ...]) -> str:
        """The address of a search among what is looked at."""
        seen = [self.directories[place.organisation_id]] if place.organisation_id else list(self.directories.values())
        if holder is None and isinstance(place.department, UUID):
            holder = place.department
        holders = (word_for(seen, holder),) if holder else ()
        query = Query(
            holders=holders,
            departments=("none",) if place.department == "none" else (),
            organisations=tuple(each.organisation.slug for each in seen),
            **words,  # type: ignore[arg-type]  # of the filters that hold several
        )
        return f"/search?{urlencode({'q': str(query)})}"


async def scope_of(work: Work, permission: str, organisation: str = "", department: str = "") -> Scope:
    """What the actor may see by a permission: all of it, or an organisation (by short name or id) and department.

    Raises NotFound for one that is not theirs to see.
    """
    seen = [each for each in work.actor.organisations if work.actor.may(each, permission)]
    directories = {each: await read_directory(work, each) for each in seen}
    if organisation:
        directories = {
            id_: each for id_, each in directories.items() if organisation in (each.organisation.slug, str(id_))
        }
    if not directories:
        raise NotFound("There is no such organisation, or you have no access to it.")
    if not department or department == "none":
        return Scope(directories, organisation, "none" if department else None)
    for id_, directory in directories.items():
        for each in directory.departments.values():
            if department in (str(each.id), each.slug):
                return Scope({id_: directory}, directory.organisation.slug, each.id)
    raise NotFound("There is no such department, or you have no access to it.")
