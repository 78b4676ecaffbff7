"""Where an organisation is and what it speaks: what a change of that must leave whole. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ahadi.base.errors import Conflict, Invalid
from ahadi.base.text import one_line
from ahadi.directory import expression
from ahadi.directory.model import Organisation
from ahadi.directory.setup_terms import language_code
from ahadi.directory.snapshot import Directory


def in_country(organisation: Organisation, country: str) -> Organisation:
    """The organisation in a country, whose public holidays are kept from then on; those of a part of it end with it.

    Raises Invalid for one whose public holidays are not known, because hours may speak of them.
    """
    if country == organisation.country:
        return organisation
    if country not in expression.countries():
        shown = one_line(country, 20)
        raise Invalid(
            f"The public holidays of {shown} are not known; use a two-letter code such as KE.", field="country"
        )
    return replace(organisation, country=country, subdivision=None)


def speaking(directory: Directory, languages: Sequence[str]) -> Organisation:
    """The organisation speaking these languages, its own first. Raises Invalid, Conflict.

    Everything has a name in its own language, and nobody is left speaking one that it does not speak any more.
    """
    organisation = directory.organisation
    read = tuple(dict.fromkeys(language_code(each.strip()) for each in languages if each.strip()))
    if not read:
        raise Invalid("Name at least one language, such as en.", field="languages")
    for called, names in _named(directory) if read[0] != organisation.language else ():
        if not names.get(read[0], "").strip():
            raise Conflict(f"{called} has no name in {read[0]} yet; give it one before that becomes your own language.")
    gone = set(organisation.languages) - set(read)
    for person_id, membership in sorted(directory.memberships.items()):
        if membership.active and (lost := sorted(gone & membership.languages)):
            name = directory.people[person_id].name
            raise Conflict(f"{name} serves customers in {lost[0]}; take that from them first.")
    return replace(organisation, languages=read)


def _named(directory: Directory) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Everything that has names by language, and what it is called now."""
    organisation, settings = directory.organisation, directory.organisation.settings
    everything: list[Mapping[str, str]] = [each.names for each in directory.departments.values()]
    everything += [each.names for each in directory.reasons.values()]
    everything += [*settings.skills.values(), *settings.tiers.values()]
    everything += [settings.brand.signature] if settings.brand.signature else []
    for names in everything:
        yield names.get(organisation.language) or next(iter(names.values()), ""), names
