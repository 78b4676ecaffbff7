"""Inviting people: a person, their roles in an organisation, and a one-time link by which they choose a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.errors import Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import fold, one_line, slug
from ahadi.directory import sign_in_store as store
from ahadi.directory.permissions import Permission, Role
from ahadi.directory.sign_in import mail_link, make_link
from ahadi.directory.store import raise_version
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who may now sign in. `link` is the secret of their one-time link, where it may be shown.

    It may not be shown to one organisation's administrator when it would open another organisation too, or when the
    person has chosen a password already: then it is mailed to the person alone.
    """

    person_id: UUID
    slug: str
    link: str | None


async def invite(work: Work, organisation_id: UUID, email: str, name: str, roles: Sequence[str]) -> Invited:
    """Give somebody roles in the organisation, making the person when the address is new, and let them come in.

    Raises Invalid for an address or a role that is none.
    """
    work.permit(organisation_id, Permission.PEOPLE_EDIT)
    email = fold(email)
    local, at, domain = email.partition("@")
    if not (local and at and domain) or any(each.isspace() for each in email) or len(email) > 320:
        raise Invalid(f"{one_line(email, 80)} is no e-mail address; write it as name@host.")
    unknown = sorted(set(roles) - set(Role))
    if unknown or not roles:
        raise Invalid(f"There is no role {', '.join(unknown)}; choose from {', '.join(Role)}.")
    held = await store.held_by_email(work, email)
    if held is None:
        person_id = uuid7()
        wanted = slug(name or local) or "person"
        person_slug = await store.add_person(work, person_id, wanted, one_line(name or local, 120), email)
    else:
        person_id, person_slug = held.person_id, await store.slug_of_person(work, held.person_id)
    await store.add_roles(work, organisation_id, person_id, sorted(set(roles)))
    await raise_version(work, organisation_id)
    work.record("person.invited", organisation_id, subject_id=person_id, roles=sorted(set(roles)))
    return Invited(person_id, person_slug, await _link(work, organisation_id, person_id, held))


async def invite_again(work: Work, organisation_id: UUID, person_id: UUID) -> Invited:
    """Let somebody who serves the organisation choose a password, anew where they forgot it."""
    work.permit(organisation_id, Permission.PEOPLE_EDIT)
    served = [each.organisation_id for each in await store.memberships(work, person_id)]
    held = await store.held_by_person(work, person_id)
    if held is None or organisation_id not in served:
        raise NotFound("There is no such person in this organisation.")
    work.record("person.invited", organisation_id, subject_id=person_id, roles=[])
    person_slug = await store.slug_of_person(work, person_id)
    return Invited(person_id, person_slug, await _link(work, organisation_id, person_id, held))


async def _link(work: Work, organisation_id: UUID, person_id: UUID, held: store.Held | None) -> str | None:
    served = {each.organisation_id for each in await store.memberships(work, person_id)}
    at_the_machine = work.actor.kind == "system"
    if at_the_machine or (served <= {organisation_id} and (held is None or held.password_hash is None)):
        return await make_link(work, person_id, "invitation")
    mail_link(work, person_id, "reset" if held and held.password_hash else "invitation")
    return None


async def join(work: Work, organisation_id: UUID, person_id: UUID, department_id: UUID) -> None:
    """Have somebody who was invited belong to a department too. Raises NotFound."""
    work.permit(organisation_id, Permission.PEOPLE_EDIT)
    if not await store.join_department(work, organisation_id, person_id, department_id):
        raise NotFound("There is no such person in this organisation.")
    await raise_version(work, organisation_id)
    work.record("person.changed", organisation_id, subject_id=person_id, fields=["departments"])
