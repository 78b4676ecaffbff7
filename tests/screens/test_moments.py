"""Moments in words, as each reader writes them."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ahadi.screens.moments import clock, day, exact
from ahadi.screens.reader import Reader, reading

NAIROBI = ZoneInfo("Africa/Nairobi")
EVENING = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
ENGLISH = Reader("en", NAIROBI, datetime(2026, 11, 10, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("country", "shown"),
    [
        (None, "Sunday, 22 November 2026, 23:30"),
        ("KE", "Sunday, 22 November 2026, 23:30"),
        ("GB", "Sunday, 22 November 2026, 23:30"),
        ("US", "Sunday, November 22, 2026, 23:30"),
    ],
)
def test_english_puts_the_day_first_except_in_the_united_states(country: str | None, shown: str) -> None:
    with reading(replace(ENGLISH, country=country)):
        assert exact(EVENING) == shown


def test_other_languages_are_written_the_same_wherever_they_are_read() -> None:
    for country in (None, "KE", "US"):
        with reading(replace(ENGLISH, language="sw", country=country)):
            assert exact(EVENING) == "Jumapili, 22 Novemba 2026, 23:30"


def test_the_short_forms_put_the_day_first_too() -> None:
    with reading(ENGLISH):
        assert (clock(EVENING), day(EVENING)) == ("22 Nov 23:30", "Sunday 22 November")


def test_a_page_about_an_organisation_is_written_as_its_country_writes() -> None:
    reader = ENGLISH.placed("America/New_York", "US")
    assert (reader.country, reader.zone.key) == ("US", "America/New_York")
    chosen = replace(ENGLISH, chosen_zone="Africa/Nairobi").placed("America/New_York", "US")
    assert (chosen.country, chosen.zone) == ("US", NAIROBI)
    assert ENGLISH.placed("Africa/Nairobi", "KE").at(EVENING, "en").locale == "en_GB"
