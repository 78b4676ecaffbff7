"""Requests, rows and tables for tests, and ways to make up any of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from ahadi.routing import Known, Moment, Request, Rule, Table, Then, Tier, read_rules, verified_tier

CUSTOMER = UUID(int=7)
TODAY = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
CARE = Then(department="care")
KNOWN = Known(
    departments=frozenset({"care", "network", "billing"}),
    people={"asha": frozenset({"network"}), "juma": frozenset({"care", "billing"})},
    skills={"linesman": frozenset({"network"})},
    reasons=frozenset({"outage", "invoice", "meter"}),
    tiers=frozenset({"gold", "silver"}),
)


@dataclass(frozen=True)
class AnEntitlement:
    """What the organisation's records say a customer is owed."""

    tier: str = "gold"
    customer_id: UUID = CUSTOMER
    verified_at: datetime | None = TODAY
    expires_at: datetime | None = None
    id: UUID = field(default_factory=uuid4)


def a_tier(name: str = "gold") -> Tier:
    tier = verified_tier(AnEntitlement(name), customer_id=CUSTOMER, now=TODAY)
    assert tier is not None
    return tier


def a_request(**given: Any) -> Request:
    """A request by phone on a Tuesday at 10:00, but for what is given; `at` is `(day, "HH:MM")`."""
    day, clock = given.pop("at", ("Tu", "10:00"))
    hour, minute = map(int, clock.split(":"))
    return Request(**{"channel": "phone", "moment": Moment(day, hour * 60 + minute), **given})


def rules(*rows: dict[str, Any]) -> tuple[Rule, ...]:
    """Rules from rows as people write them; a row without a name gets its number, without `then` goes to care."""
    named = [{"name": f"row {n}", "then": {"department": "care"}} | row for n, row in enumerate(rows, 1)]
    reading = read_rules(named)
    assert not reading.problems, [str(problem) for problem in reading.problems]
    return reading.rules


def a_table(*rows: dict[str, Any]) -> Table:
    return Table(rules(*rows), CARE)


def which(table: Table, **given: Any) -> str | None:
    """The id of the rule that takes a request."""
    return table.decide(a_request(**given)).rule_id


# Small worlds, so that made-up rows overlap and made-up requests meet them.
REASONS = ("outage", "invoice", "meter")
TIERS = ("gold", "silver")
PLACES = ("nairobi", "nairobi west", "nairobi west end", "mombasa", "none", "")
PHRASES = ("fire", "fire alarm", "alarm", "spark*", "spark", "power", "*ow*")
VALUES = ("prepaid", "postpaid", "pre", "other", "")


def one_or_more(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    listed = st.lists(values, min_size=1, max_size=3)
    return values | listed | st.builds(lambda cell: {"not": cell}, listed)


COLUMNS = ("reason", "tier", "channel", "language", "day", "hour", "repeat", "attributes", "place", "words")


def conditions(columns: Sequence[str] = COLUMNS) -> st.SearchStrategy[dict[str, Any]]:
    """The `when` of a row, as people may write it, with any of these columns."""
    place = st.sampled_from(["Nairobi*", "nairobi west*", "Nairobi West", "A*", "M*", "none"])
    value = st.sampled_from(["prepaid", "pre*", "an*", "none"])
    hour = st.sampled_from(["08:00-17:00", "18:00-06:00", "00:00-12:00", "12:00-24:00", "16:30-18:30", "00:00-24:00"])
    day = st.sampled_from(["Mo-Fr", "Sa,Su", "PH", "Fr-Mo", "We", "Mo-Su"])
    cells: dict[str, st.SearchStrategy[Any]] = {
        "reason": one_or_more(st.sampled_from([*REASONS, "none"])),
        "tier": one_or_more(st.sampled_from([*TIERS, "none"])),
        "channel": st.sampled_from(["phone", ["chat", "sms"], {"not": "email"}, ["phone", "web", "email"]]),
        "language": one_or_more(st.sampled_from(["sw", "en", "none"])),
        "day": day | st.lists(day, min_size=1, max_size=2),
        "hour": hour | st.lists(hour, min_size=1, max_size=2),
        "repeat": st.sampled_from([0, ">=1", ">=3", "<2", "1-2", "<=4"]),
        "attributes": st.dictionaries(st.sampled_from(["meter", "Zone No"]), one_or_more(value), min_size=1),
        "place": one_or_more(place),
        "words": st.lists(st.sampled_from(PHRASES), min_size=1, max_size=2, unique=True),
    }
    return st.fixed_dictionaries({}, optional={column: cells[column] for column in columns})


@st.composite
def tables_of_rules(draw: st.DrawFn, columns: Sequence[str] = COLUMNS, most: int = 6) -> tuple[Rule, ...]:
    """Tables whose rows all look at the same one to three of these columns, so that they cover one another."""
    few = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True))
    row = conditions(few).filter(bool)
    return rules(*({"when": when} for when in draw(st.lists(row, min_size=1, max_size=most))))


def requests() -> st.SearchStrategy[Request]:
    """Requests that meet the made-up rows about as often as they miss them."""
    said = st.lists(
        st.sampled_from(["fire", "alarm", "sparks", "sparkling", "no", "power", "powers", "useless", "know", "x"]),
        max_size=4,
    )
    return st.builds(
        Request,
        channel=st.sampled_from(["phone", "email", "web", "chat", "sms"]),
        moment=st.builds(
            Moment,
            st.sampled_from(["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH"]),
            st.sampled_from([0, 359, 360, 479, 480, 720, 989, 990, 1019, 1020, 1079, 1080, 1109, 1110, 1439]),
        ),
        reason=st.sampled_from([*REASONS, None]),
        language=st.sampled_from(["sw", "en-GB", "fr", None]),
        tier=st.sampled_from([*map(a_tier, TIERS), None]),
        repeat=st.integers(0, 6),
        place=st.sampled_from(PLACES),
        text=said.map(" ".join),
        attributes=st.dictionaries(st.sampled_from(["Meter", "zone no", "hue"]), st.sampled_from(VALUES), max_size=2),
    )
