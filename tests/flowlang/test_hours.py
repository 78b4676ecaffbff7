"""Hours: a moment to tell, and what nobody covers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.flowlang import Book, check, read_flow
from ahadi.flowlang.hours import Cover, Span, uncovered
from ahadi.flowlang.moments import a_moment

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "closed", "opened"),
    [
        ("Mo-Fr 08:00-18:00", "Friday 18:05", "Monday 08:05"),
        ("Mo-Fr 08:00-18:00; Sa 09:00-13:00", "Saturday 13:05", "Monday 08:05"),
        ("Mo,We 08:00-12:00,13:00-17:00; PH off", "Wednesday 17:05", "Monday 08:05"),
        ("Mo-Su 20:00-04:00", "Monday 04:05", "Monday 20:05"),
        ("Sa-Mo 10:00-12:00", "Monday 12:05", "Saturday 10:05"),
        ("Mo-Fr 08:00-18:00; Fr 08:00-15:00", "Friday 15:05", "Monday 08:05"),
        ("24/7", "", ""),
        ("Mo-Su 00:00-24:00", "", "Monday 00:05"),
        ("sunrise-sunset", "", ""),
        ("", "", ""),
    ],
)
def test_a_moment_is_told_when_it_is_open_or_closed(text: str, closed: str, opened: str) -> None:
    assert a_moment(text, is_open=False) == closed
    assert a_moment(text, is_open=True) == opened


def span(begin: int, end: int) -> Span:
    return Span(MONDAY + timedelta(minutes=begin), MONDAY + timedelta(minutes=end))


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5)


def minutes(spans: list[Span]) -> set[int]:
    minute = timedelta(minutes=1)
    return {at for each in spans for at in range((each.begin - MONDAY) // minute, (each.end - MONDAY) // minute)}


@settings(max_examples=100, deadline=None)
@given(SPANS, SPANS)
def test_what_is_not_covered_is_what_is_left_minute_by_minute(
    wanted: list[tuple[int, int]], had: list[tuple[int, int]]
) -> None:
    first, second = [span(*each) for each in wanted], [span(*each) for each in had]
    assert minutes(uncovered(first, second)) == minutes(first) - minutes(second)


FLOW = """\
flow: a
start: open
advertised: Mo 08:00-20:00
nodes:
  open: {hours: "Mo 08:00-18:00", open: people, closed: case}
  people: {queue: people, news: position, too-long: case, full: case, nobody: case, failed: case}
"""


def hours(staffed: dict[str, list[Span]]) -> list[str]:
    cover = Cover({"Mo 08:00-18:00": [span(480, 1080)], "Mo 08:00-20:00": [span(480, 1200)]}, staffed)
    report = check(Book((read_flow(FLOW),)), date(2026, 11, 22), cover=cover)
    return [each.message for each in report.findings if each.code == "AHD008"]


def test_hours_are_not_true_where_nobody_is_there_to_answer() -> None:
    assert hours({"people": [span(480, 720), span(780, 1200)]}) == [
        "Open by this flow, with nobody to answer: 60 minutes, the first on Monday 2026-11-23 12:00 until 13:00."
    ]


def test_hours_told_to_the_public_are_held_against_the_rota_too() -> None:
    (message,) = hours({"people": [span(480, 1080)]})
    assert message.startswith("Open as the public is told, with nobody to answer: 120 minutes, the first on Monday")


def test_hours_are_true_where_somebody_is_there_and_untold_where_the_rota_says_nothing() -> None:
    assert hours({"people": [span(0, 1440)]}) == []
    assert hours({}) == []
