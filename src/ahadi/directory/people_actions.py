"""What people change of one another: what somebody does here, whether they do it at all, and their presence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ahadi.base.errors import Conflict, Forbidden, Invalid
from ahadi.base.text import one_line
from ahadi.directory import change_store, device_store, passkey_store, sign_in_store
from ahadi.directory.changing import changed, in_use, known, person_named, to_change
from ahadi.directory.model import Membership, Person, Presence
from ahadi.directory.permissions import Permission, Role
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Work, set_organisations


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What of somebody changes; what is None stays, a list is given whole. Departments are named by id or slug."""

    name: str | None = None
    language: str | None = None
    roles: Sequence[str] | None = None
    departments: Sequence[str] | None = None
    skills: Sequence[str] | None = None
    languages: Sequence[str] | None = None


async def change_person(work: Work, organisation_id: UUID, key: str | UUID, change: PersonChange) -> Membership:
    """Change what somebody does for the organisation: roles, departments, skills, languages.

    Name and language are the same for every organisation a person serves: raises Forbidden for who may not change
    them in all of these. Raises Conflict for taking the role away that the organisation's manager needs.
    """
    directory = await to_change(work, organisation_id, Permission.PEOPLE_EDIT)
    person = person_named(directory, key)
    was = directory.memberships[person.id]
    now = replace(
        was,
        roles=was.roles if change.roles is None else _roles(directory, person, change.roles),
        departments=was.departments if change.departments is None else _departments(directory, change.departments),
        skills=was.skills if change.skills is None else _skills(directory, change.skills),
        languages=was.languages if change.languages is None else _spoken(directory, change.languages),
    )
    fields = [name for name in Membership.__dataclass_fields__ if getattr(was, name) != getattr(now, name)]
    if fields:
        await change_store.put_membership(work, now)
    for department_id in now.departments ^ was.departments:
        added, removed = ([person.id], []) if department_id in now.departments else ([], [person.id])
        await change_store.put_members(work, organisation_id, department_id, added=added, removed=removed)
    fields += await _change_self(work, directory, person, change)
    if fields:
        await changed(work, organisation_id, "person.changed", person.id, fields=fields)
    return now


async def _change_self(work: Work, directory: Directory, person: Person, change: PersonChange) -> list[str]:
    name = person.name if change.name is None else one_line(change.name, 80)
    language = person.language if change.language is None else change.language
    if (name, language) == (person.name, person.language):
        return []
    if not name:
        raise Invalid("A person needs a name.")
    known([language], directory.organisation.languages, "language of this organisation")
    served = [each.organisation_id for each in await sign_in_store.memberships(work, person.id)]
    if not all(work.actor.may(each, Permission.PEOPLE_EDIT) for each in served):
        raise Forbidden("They serve other organisations too, so their name and language are not yours alone to change.")
    await change_store.put_person(work, replace(person, name=name, language=language))
    return [each for each in ("name", "language") if getattr(change, each) is not None]


def _roles(directory: Directory, person: Person, roles: Sequence[str]) -> frozenset[Role]:
    wanted = frozenset(Role(each) for each in known(roles, Role, "role"))
    if not wanted:
        raise Invalid(f"Somebody who works here has a role; choose from {', '.join(Role)}, or deactivate them.")
    if directory.organisation.manager_id == person.id and Role.MANAGER not in wanted:
        raise Conflict("They are the organisation's manager; make somebody else that first.")
    return wanted


def _departments(directory: Directory, departments: Sequence[str]) -> frozenset[UUID]:
    return frozenset(in_use(directory.department(each)).id for each in departments)


def _skills(directory: Directory, skills: Sequence[str]) -> frozenset[str]:
    return known(skills, directory.organisation.settings.skills, "skill of this organisation")


def _spoken(directory: Directory, languages: Sequence[str]) -> frozenset[str]:
    spoken = known(languages, directory.organisation.languages, "language of this organisation")
    if not spoken:
        raise Invalid("Everybody speaks at least one language of the organisation.")
    return spoken


async def deactivate_person(work: Work, organisation_id: UUID, key: str | UUID) -> None:
    """End somebody's work for the organisation at once: they are signed out, and what they hold is passed on.

    Passing on is the watch's doing, within seconds. They may sign in again for other organisations they serve.
    Raises Conflict for oneself and for the organisation's manager.
    """
    directory = await to_change(work, organisation_id, Permission.PEOPLE_EDIT)
    person = person_named(directory, key)
    if person.id == work.actor.person_id:
        raise Conflict("You cannot deactivate yourself; ask another administrator.")
    if directory.organisation.manager_id == person.id:
        raise Conflict("They are the organisation's manager; make somebody else that first.")
    membership = directory.memberships[person.id]
    if not membership.active:
        return
    await change_store.put_membership(work, replace(membership, active=False))
    await sign_in_store.end_sessions(work, person.id)
    if not await sign_in_store.memberships(work, person.id):
        await sign_in_store.end_links(work, person.id)
    await changed(work, organisation_id, "person.deactivated", person.id)


async def reactivate_person(work: Work, organisation_id: UUID, key: str | UUID) -> None:
    """Let somebody work for the organisation again, with the roles they had."""
    directory = await to_change(work, organisation_id, Permission.PEOPLE_EDIT)
    person = person_named(directory, key)
    if directory.serves(person.id):
        return
    await change_store.put_person(work, replace(person, active=True))
    await change_store.put_membership(work, replace(directory.memberships[person.id], active=True))
    await changed(work, organisation_id, "person.reactivated", person.id)


async def forget_second_step(work: Work, organisation_id: UUID, key: str | UUID) -> None:
    """Take authenticator and passkeys from somebody who lost them, so that their password lets them in again.

    They are signed out everywhere, and told by mail. Raises Forbidden for who does not look after people in every
    organisation they serve, Conflict for oneself.
    """
    directory = await to_change(work, organisation_id, Permission.PEOPLE_EDIT)
    person = person_named(directory, key)
    if person.id == work.actor.person_id:
        raise Conflict("What you sign in with is changed on your own page.")
    served = [each.organisation_id for each in await sign_in_store.memberships(work, person.id)]
    if not all(work.actor.may(each, Permission.PEOPLE_EDIT) for each in served):
        raise Forbidden("They serve other organisations too, so what they sign in with is not yours alone to change.")
    await sign_in_store.put_totp_secret(work, person.id, None)
    await passkey_store.remove_passkeys(work, person.id)
    await device_store.remember_no_device(work, person.id)
    await sign_in_store.end_sessions(work, person.id)
    work.enqueue("directory.mail_notice", about="second-step", person_id=str(person.id), id=str(person.id))
    for each in served:
        work.record("person.second_step_forgotten", each, subject_id=person.id)


# Presence -------------------------------------------------------------------------------------------------------


async def set_presence(work: Work, organisation_id: UUID, key: str | UUID, presence: Presence) -> UUID:
    """Say whether somebody takes contacts now: oneself (also `me`), or another. It holds for all they serve.

    Each organisation the person serves has it in its journal, also one that the actor has nothing to do with.
    """
    own = key == "me" or str(work.actor.person_id) == str(key)
    person_id = work.actor.person_id if own else None
    directory = await read_directory(work, organisation_id)
    if person_id is None:
        person_id = person_named(directory, key).id
        own = person_id == work.actor.person_id
    work.permit(organisation_id, Permission.PRESENCE_OWN if own else Permission.PRESENCE_OTHERS)
    if not directory.serves(person_id):
        raise Conflict("They do not work here any more, so they take no contacts.")
    if not await change_store.set_presence(work, person_id, presence):
        return person_id
    served = [each.organisation_id for each in await sign_in_store.memberships(work, person_id)]
    await set_organisations(work.connection, sorted({*work.actor.organisations, *served}))
    for each in served:
        work.record("presence.set", each, subject_id=person_id, presence=str(presence))
    await work.flush()
    await set_organisations(work.connection, work.actor.organisations)
    return person_id
