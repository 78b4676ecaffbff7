"""Picking a time for a call or a visit: with whom, the days that have times, and the times of one day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from babel.dates import format_date

from ahadi import promises
from ahadi.base.clock import iso
from ahadi.base.errors import Invalid
from ahadi.cases import Case
from ahadi.directory import Directory
from ahadi.platform.database import Work
from ahadi.promises import Booking, Slot, Wanted
from ahadi.screens.reader import Reader, _, later, reading

KINDS = ("callback", "visit")
WISHES = ("department", "specialist", "manager", "person")
Groups = list[tuple[str | None, list[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Day:
    """A day that has times; `address` shows them."""

    label: str
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Picker:
    """What the form shows. `times` are (moment, clock, moment as UTC); `whom` is none where a booking is moved."""

    kind: str
    chosen: str
    groups: Groups
    days: tuple[Day, ...]
    day: str
    times: tuple[tuple[datetime, str], ...]
    booking: Booking | None = None


def wanted_from(kind: str, with_: str, phone: str = "") -> Wanted:
    """What was chosen in the form: `department:care`. Raises Invalid."""
    wish, _colon, name = with_.partition(":")
    if kind not in KINDS or wish not in WISHES or not name:
        raise Invalid(later("Say with whom, and whether we call or come."))
    return Wanted(
        kind=kind,  # type: ignore[arg-type]
        wish=wish,  # type: ignore[arg-type]
        department=None if wish == "person" else name,
        person=name if wish == "person" else None,
        phone=phone or None,
    )


def starts_at(text: str) -> datetime:
    """The moment that was chosen. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Invalid(later("Choose a time.")) from problem
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def whom(directory: Directory, reader: Reader, *, people: bool = False) -> Groups:
    """With whom one can book: departments, their specialists and managers, and for colleagues each person.

    Only those who work shifts are offered, as nobody else's time can be kept.
    """
    rota = [each for each in directory.memberships if directory.serves(each) and directory.works_shifts(each)]
    with reading(reader):
        found: dict[str, list[tuple[str, str]]] = {"department": [], "specialist": [], "manager": []}
        for each in sorted((d for d in directory.departments.values() if d.active), key=lambda d: (d.position, d.slug)):
            members = [directory.memberships[p] for p in rota if each.id in directory.memberships[p].departments]
            names = {
                "department": each.name(reader.language),
                "specialist": _("A specialist of %(name)s") % {"name": each.name(reader.language)},
                "manager": _("The manager of %(name)s") % {"name": each.name(reader.language)},
            }
            for wish, name in names.items():
                held = any(wish in m.roles for m in members) or (wish == "manager" and each.manager_id in rota)
                if wish == "department" or held:
                    found[wish].append((f"{wish}:{each.slug}", name))
        headings = (_("A department"), _("A specialist"), _("Somebody who can decide"))
        groups: Groups = [(h, found[w]) for h, w in zip(headings, found, strict=True) if found[w]]
        if people:
            named = sorted((directory.people[each].name, directory.people[each].slug) for each in rota)
            groups.append((_("A person"), [(f"person:{slug}", name) for name, slug in named]))
    return groups


def is_offered(groups: Groups, chosen: str) -> bool:
    """Whether this is one of those with whom one can book."""
    return any(value == chosen for _heading, options in groups for value, _name in options)


def usual(directory: Directory, case: Case, groups: Groups) -> str:
    """Whom one books with where nothing was chosen: the case's department, else the first."""
    known = [value for _heading, options in groups for value, _name in options]
    own = case.department_id or directory.organisation.default_department_id
    found = directory.departments.get(own) if own else None
    wished = f"department:{found.slug}" if found else ""
    return wished if wished in known else known[0] if known else ""


async def picker(
    work: Work,
    directory: Directory,
    case: Case,
    reader: Reader,
    asked: Mapping[str, str],
    here: str,
    *,
    booking: Booking | None = None,
    people: bool = False,
) -> Picker:
    """The form for a booking, or for moving one, as far as it is filled in: `kind`, `with` and `day` of `asked`."""
    groups = whom(directory, reader, people=people)
    kind = booking.kind if booking else asked.get("kind", "")
    kind = kind if kind in KINDS else "callback"
    chosen = asked.get("with", "")
    chosen = chosen if is_offered(groups, chosen) else usual(directory, case, groups)
    wanted = _of_booking(directory, booking) if booking else wanted_from(kind, chosen)
    ahead = timedelta(days=directory.organisation.settings.bookings.ahead)
    found = await promises.free_slots(
        work, case.organisation_id, wanted, work.now, work.now + ahead, without=booking.id if booking else None
    )
    by_day: dict[date, list[Slot]] = {}
    for each in found.slots:
        by_day.setdefault(reader.local(each.starts_at).date(), []).append(each)
    shown = next((d for d in by_day if d.isoformat() == asked.get("day")), next(iter(by_day), None))
    kept = {} if booking else {"kind": kind, "with": chosen}
    days = [
        Day(_label(d, reader), f"{here}?{urlencode(kept | {'day': d.isoformat()})}#times", d == shown) for d in by_day
    ]
    times = [(each.starts_at, iso(each.starts_at)) for each in by_day.get(shown, [])] if shown else []
    return Picker(kind, chosen, groups, tuple(days), shown.isoformat() if shown else "", tuple(times), booking)


def _of_booking(directory: Directory, booking: Booking) -> Wanted:
    """What was booked, to be booked for another time."""
    department = directory.departments.get(booking.department_id) if booking.department_id else None
    return Wanted(
        kind=booking.kind,
        wish=booking.wish,
        department=department.slug if department else None,
        person=str(booking.seat) if booking.wish == "person" else None,
        length=int(booking.length.total_seconds() // 60),
    )


def _label(day: date, reader: Reader) -> str:
    return format_date(day, "EEE d MMM", locale=reader.locale)
