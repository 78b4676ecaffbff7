"""What surrounds every page of somebody who is signed in: who they are, what they may do, what waits for them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from starlette.requests import Request

from ahadi import contacts, promises
from ahadi.directory import Directory, Permission, Person, read_directory
from ahadi.platform import journal
from ahadi.platform.database import Actor, Together, Work
from ahadi.screens.reader import Reader, reader_of

_MOST = 99  # more than that is told as "99+"
_ADMINISTERS = (
    Permission.SETTINGS_EDIT,
    Permission.TEMPLATES_EDIT,
    Permission.RULES_EDIT,
    Permission.DIRECTORY_EDIT,
    Permission.ROTA_EDIT,
    Permission.PEOPLE_EDIT,
    Permission.AUDIT_READ,
    Permission.TOKENS_EDIT,
    Permission.WEBHOOKS_EDIT,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """`cursor` was taken before anything on the page was read: from it on the page is kept up to date.

    `notices` and `waiting` count what the person should look at; `waiting` is None where that is not theirs to settle.
    """

    reader: Reader
    actor: Actor
    person: Person | None
    directories: Mapping[UUID, Directory]
    notices: int
    waiting: int | None
    cursor: str

    def may(self, permission: str, organisation_id: UUID | None = None) -> bool:
        """Whether the person may do something, in one organisation or in any."""
        there = self.actor.grants if organisation_id is None else (organisation_id,)
        return any(self.actor.may(each, permission) for each in there)

    @property
    def administers(self) -> bool:
        """Whether there is anything on the page of administration for them."""
        return any(self.may(each) for each in _ADMINISTERS)

    @property
    def really(self) -> str:
        """The name of whoever really acts, in the name of the frame's person; empty for a person who is themselves."""
        found = (each.people.get(self.actor.behind) for each in self.directories.values() if self.actor.behind)
        return next((each.name for each in found if each), "–") if self.actor.behind else ""

    @property
    def several(self) -> bool:
        """Whether the person serves more than one organisation."""
        return len(self.directories) > 1

    @property
    def departments(self) -> dict[UUID, frozenset[UUID]]:
        """The departments the person belongs to, by organisation."""
        found = {}
        for id_, directory in self.directories.items():
            membership = directory.memberships.get(self.actor.person_id or UUID(int=0))
            if membership and membership.departments:
                found[id_] = membership.departments
        return found

    def at(self, organisation_id: UUID) -> "Frame":
        """The frame of a page that is about one organisation: on its clock, where the person chose no other."""
        organisation = self.directories[organisation_id].organisation
        return replace(self, reader=self.reader.placed(organisation.zone, organisation.country))

    def place_of(self, organisation_id: UUID) -> str:
        """The zone of an organisation, to be named in lists where the person chose no zone and clocks may differ."""
        return "" if self.reader.chosen_zone else self.directories[organisation_id].organisation.zone

    def colleague(self, id_: str) -> str:
        """A person's name by the digits of their id; empty for oneself."""
        people = {each.hex: person.name for d in self.directories.values() for each, person in d.people.items()}
        return "" if self.actor.person_id and self.actor.person_id.hex == id_ else people.get(id_, "–")

    def name_of(self, organisation_id: UUID, id_: UUID | None) -> str:
        """A person's or department's name in the reader's language."""
        directory = self.directories.get(organisation_id)
        return directory.name_of(id_, self.reader.language) if directory else ""


async def frame_of(request: Request, work: Work) -> Frame:
    """The frame for whoever acts. Call it first: its cursor must be older than what is read next."""
    actor = work.actor
    settling = [each for each in actor.organisations if actor.may(each, Permission.MESSAGES_SETTLE)]
    head = await journal.ask_head(work)
    async with Together() as asked:
        read = {each: asked.ask(read_directory(work, each)) for each in actor.organisations}
        notices = asked.ask(_notices(work))
        waiting = asked.ask(contacts.count_to_settle(work, settling, _MOST + 1)) if settling else None
    cursor = await head.one()
    directories = {each: directory.result() for each, directory in read.items()}
    people = (each.people.get(actor.person_id or UUID(int=0)) for each in directories.values())
    person = next((each for each in people if each), None)
    place = next(((each.organisation.zone, each.organisation.country) for each in directories.values()), (None, None))
    reader = reader_of(request).at(work.now, person.language if person else None, *place)
    request.state.reader = reader  # in whose language is told what goes wrong from here on
    return Frame(
        reader=reader,
        actor=actor,
        person=person,
        directories=directories,
        notices=notices.result(),
        waiting=waiting.result() if waiting else None,
        cursor=str(cursor),
    )


async def _notices(work: Work) -> int:
    """How many notices whoever acts has not seen; a program has none."""
    return await promises.count_unseen(work, work.actor.person_id, _MOST + 1) if work.actor.person_id else 0
