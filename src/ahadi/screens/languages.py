"""The languages of the screens: English in the source, others as gettext catalogues read when first spoken.

There is no build step: `locale/<language>/screens.po` is read as it stands (some 50 ms) and kept in memory.
`scripts/messages` brings the catalogues up to date with the source; a test fails while one is incomplete.
"""

import io
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from ahadi.directory.expression import countries

LOCALE = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"


@cache
def languages() -> tuple[str, ...]:
    """Every language of the screens, English first."""
    return (SOURCE_LANGUAGE, *sorted(each.parent.name for each in LOCALE.glob("*/screens.po")))


@cache
def catalogue(language: str) -> NullTranslations:
    """The words of one of our languages."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with (LOCALE / language / "screens.po").open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


def spoken(wanted: str | None) -> str | None:
    """The language of ours that serves a language tag such as `sw-KE`; None when there is none."""
    language = (wanted or "").replace("_", "-").split("-")[0].lower()
    return language if language in languages() else None


def preferred(accept_language: str) -> str:
    """The best of our languages for an `Accept-Language` header (RFC 9110, 12.5.4); English when none serves."""
    offers = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if (language := spoken(tag.strip())) and weight > 0:
            offers.append((-weight, position, language))
    return min(offers)[2] if offers else SOURCE_LANGUAGE


@cache
def name_of_language(language: str) -> str:
    """What a language calls itself: `English`, `Kiswahili`."""
    return (Locale.parse(language).get_display_name(language) or language).title()


def direction(language: str) -> str:
    """`ltr` or `rtl`."""
    return Locale.parse(language).text_direction


@cache
def countries_in(language: str, *others: str) -> list[tuple[str, str]]:
    """The countries whose public holidays are known, and others that are named, by what a language calls them."""
    names = Locale.parse(language).territories
    return sorted(((code, names.get(code, code)) for code in {*countries(), *others}), key=lambda each: each[1])
