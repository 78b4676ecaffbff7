"""Where an organisation is and what it speaks, changed by its administrators."""

from typing import Any

import pytest

from ahadi.base.errors import Conflict, Forbidden, Invalid
from ahadi.directory import Permission, actions, read_directory
from ahadi.directory.actions import DepartmentChange, OrganisationChange
from ahadi.platform.database import Actor, Work
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House, an_organisation


@pytest.fixture
async def work(work_as: Any) -> Work:
    made: Work = await work_as(system())
    return made


@pytest.fixture
async def house(work: Work) -> House:
    return await an_organisation(work, ORGANISATION)


async def change(work: Work, **wanted: Any) -> Any:
    await actions.change_organisation(work, ORGANISATION, OrganisationChange(**wanted))
    await work.flush()
    return (await read_directory(work, ORGANISATION)).organisation


async def fields(work: Work) -> list[Any]:
    rows = await work.rows("select facts from journal where kind = 'organisation.changed' order by seq")
    return [row["facts"]["fields"] for row in rows]


async def test_a_country_is_changed_and_with_it_whose_public_holidays_are_kept(work: Work, house: House) -> None:
    await work.execute("update organisation set country = 'DE', subdivision = 'BY'")  # before anybody reads it
    now = await change(work, country="TZ")
    assert (now.country, now.subdivision) == ("TZ", None)
    assert await fields(work) == [["country", "subdivision"]]
    assert (await change(work, country="TZ")).version == now.version


@pytest.mark.parametrize("country", ["", "XX", "Kenya", "ke"])
async def test_a_country_of_unknown_holidays_is_refused(work: Work, house: House, country: str) -> None:
    with pytest.raises(Invalid, match="public holidays"):
        await change(work, country=country)


async def test_another_language_is_spoken_beside_its_own(work: Work, house: House) -> None:
    was = (await read_directory(work, ORGANISATION)).organisation.languages
    now = await change(work, languages=[*was, "FR", "fr", " pt-br "])
    assert now.languages == (*was, "fr", "pt-br")
    assert await fields(work) == [["languages"]]


@pytest.mark.parametrize(
    ("languages", "says"), [([], "at least one"), ([" "], "at least one"), (["klingon!"], "no language")]
)
async def test_what_is_no_language_is_refused(work: Work, house: House, languages: list[str], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        await change(work, languages=languages)


async def test_its_own_language_is_one_in_which_everything_has_a_name(work: Work, house: House) -> None:
    await change(work, languages=["en", "sw", "fr"])
    with pytest.raises(Conflict, match="Care has no name in fr yet"):
        await change(work, languages=["fr", "en", "sw"])
    for slug, name in (("care", "Soin"), ("network", "Réseau")):
        await actions.change_department(work, ORGANISATION, slug, DepartmentChange(names={"en": slug, "fr": name}))
    assert (await change(work, languages=["fr", "en", "sw"])).language == "fr"


async def test_a_language_somebody_serves_customers_in_is_not_dropped(work: Work, house: House) -> None:
    with pytest.raises(Conflict, match="serves customers in sw"):
        await change(work, languages=["en"])


async def test_it_needs_the_permission(work_as: Any, house: House) -> None:
    nobody = Actor("person", house.asha, {ORGANISATION: frozenset(set(Permission) - {Permission.SETTINGS_EDIT})})
    with pytest.raises(Forbidden):
        await change(await work_as(nobody), country="TZ")
