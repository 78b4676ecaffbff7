"""What every change of a directory begins and ends with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.text import one_line
from ahadi.directory import change_store, store
from ahadi.directory.model import Department, Names, Organisation, Person
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Work


async def to_change(work: Work, organisation_id: UUID, permission: str) -> Directory:
    """The directory as it is, locked until the end of the transaction, for somebody who may do this.

    Raises Forbidden, and NotFound for an organisation that is not the actor's.
    """
    work.permit(organisation_id, permission)
    await change_store.lock_organisation(work, organisation_id)
    return await read_directory(work, organisation_id)


async def changed(work: Work, organisation_id: UUID, kind: str, subject_id: UUID | None = None, **facts: Any) -> None:
    """Every process reads the directory anew, and the journal says why."""
    await store.raise_version(work, organisation_id)
    work.record(kind, organisation_id, subject_id=subject_id, **facts)


def department_named(directory: Directory, key: str | UUID) -> Department:
    """A department that is named in an address: raises NotFound."""
    try:
        return directory.department(key)
    except Invalid as problem:
        raise NotFound(problem.sentence) from None


def person_named(directory: Directory, key: str | UUID) -> Person:
    """A person who is named in an address: raises NotFound."""
    try:
        return directory.person(key)
    except Invalid as problem:
        raise NotFound(problem.sentence) from None


def in_use(department: Department) -> Department:
    """The department; raises Conflict when it is retired."""
    if not department.active:
        raise Conflict(f"The department {department.slug} is retired; put it back in use first.")
    return department


def people_named(directory: Directory, keys: Sequence[str | UUID]) -> list[UUID]:
    """Who these are, in order, each once; raises Invalid for somebody who does not work here (any more)."""
    found = [directory.person(each) for each in keys]
    gone = [each.slug for each in found if not directory.serves(each.id)]
    if gone:
        raise Invalid(f"{gone[0]} does not work here any more; name somebody who does.", person=gone[0])
    return list(dict.fromkeys(each.id for each in found))


def names_read(organisation: Organisation, names: str | Mapping[str, str]) -> Names:
    """What something is called, by language; one text is in the organisation's own. Raises Invalid."""
    by_language = {organisation.language: names} if isinstance(names, str) else dict(names)
    unknown = sorted(set(by_language) - set(organisation.languages))
    if unknown:
        spoken = ", ".join(organisation.languages)
        raise Invalid(f"This organisation does not speak {one_line(unknown[0], 20)}; use {spoken}.")
    read = {language: one_line(name, 120) for language, name in by_language.items() if name.strip()}
    if organisation.language not in read:
        raise Invalid(f"It needs a name in {organisation.language}, the organisation's own language.")
    return read


def known(wanted: Iterable[str], there: Iterable[str], noun: str) -> frozenset[str]:
    """The words, all of which must be known ones; raises Invalid."""
    words, having = frozenset(wanted), sorted(there)
    unknown = sorted(words - set(having))
    if unknown:
        raise Invalid(f"There is no {noun} {one_line(unknown[0], 40)}; known are {', '.join(having) or 'none'}.")
    return words
