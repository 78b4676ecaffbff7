"""How calls and visits are booked, as the setup file says it: `bookings` under `settings`."""

import re
from typing import Any, Final

from ahadi.base.errors import Invalid
from ahadi.directory.model import Bookings, Capacity
from ahadi.directory.setup_place import Place
from ahadi.directory.setup_terms import Terms

_KEYS: Final = ("notice", "ahead", "visit", "remind", "retries", "tell", "per_hour", "share", "departments")
_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}


def read_bookings(at: Place, terms: Terms) -> Bookings:
    """What is written; what is not, as `Bookings` has it."""
    at = at.called("bookings")
    if not at.keys(*_KEYS):
        return Bookings()
    usual = _capacity(at, Capacity())
    read: dict[str, Any] = {"usual": usual}
    for key, most in (("notice", 30 * 1440), ("visit", 8 * 60), ("remind", 14 * 1440)):
        if (part := at.part(key)) is not None:
            read[key] = part.read(lambda text, most=most: minutes(text, most))  # type: ignore[misc]
    if (ahead := at.part("ahead")) is not None:
        read["ahead"] = ahead.number(1, 90)
    if (tell := at.part("tell")) is not None:
        read["tell"] = tell.one_of(("each", "last"), "moment at which the customer is told")
    if (retries := at.part("retries")) is not None:
        read["retries"] = _retries(retries)
    if (departments := at.part("departments")) is not None:
        read["departments"] = _departments(departments, terms, usual)
    return Bookings(**{key: value for key, value in read.items() if value is not None})


def minutes(text: str, most: int) -> int:
    """Read `30m`, `2h`, `1d` or `off` (nothing) as minutes. Raises Invalid."""
    written = text.strip().lower()
    found = re.fullmatch(r"(\d{1,5})\s*([mhd])", written)
    amount = 0 if written == "off" else int(found[1]) * _MINUTES[found[2]] if found else -1
    if not 0 <= amount <= most:
        raise Invalid(f"`{text}` is no length of time; write `30m`, `2h`, `1d` or `off`, at most {most} minutes.")
    return amount


def _retries(at: Place) -> tuple[int, ...] | None:
    if at.value == []:
        return ()
    waits = [each.read(lambda text: minutes(text, 14 * 1440)) for each in at.items()]
    if len(waits) > 10 or any(each == 0 for each in waits):
        at.refuse(f"{at.what} must be at most ten lengths of time, each more than nothing, such as `[30m, 2h, 1d]`.")
        return None
    return tuple(each for each in waits if each is not None)


def _departments(at: Place, terms: Terms, usual: Capacity) -> dict[str, Capacity]:
    found = {}
    for slug, each in at.entries("department"):
        if slug not in terms.departments:
            each.refuse(f"{each.what} is not among the departments of this file.")
        elif each.keys("per_hour", "share"):
            found[slug] = _capacity(each, usual)
    return found


def _capacity(at: Place, otherwise: Capacity) -> Capacity:
    per_hour, share = at.part("per_hour"), at.part("share")
    return Capacity(
        (per_hour.number(1, 12) if per_hour else None) or otherwise.per_hour,
        (share.number(1, 100) if share else None) or otherwise.share,
    )
