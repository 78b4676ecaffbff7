"""Lists by opaque cursors."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.platform.web import Page, listed

START = datetime(2026, 11, 24, 7, tzinfo=UTC)
Row = tuple[datetime, UUID]


def rows_after(rows: list[Row], page: Page) -> list[Row]:
    """What a store does: the rows after the cursor, one more than the page holds."""
    after = page.after(datetime, UUID)
    return [each for each in rows if after is None or each > after][: page.limit + 1]


@given(st.sets(st.tuples(st.integers(0, 20), st.integers(0, 2**128 - 1)), max_size=40), st.integers(1, 7))
def test_following_next_shows_every_item_once_and_in_order(keys: set[tuple[int, int]], limit: int) -> None:
    rows = sorted((START + timedelta(microseconds=a), UUID(int=b)) for a, b in keys)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = Page(limit, cursor)
        answer = listed(rows_after(rows, page), page, key=lambda row: row, show=lambda row: str(row[1]))
        content = orjson.loads(answer.body)
        seen += content["items"]
        cursor = content["next"]
        if cursor is None:
            break
    assert seen == [str(row[1]) for row in rows]


@pytest.mark.parametrize("cursor", ["", "nonsense", "e30", "WzFd", "WyJhIiwiYiJd", "[]"])
def test_a_cursor_that_was_not_made_here_is_refused_with_a_sentence(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        Page(50, cursor).after(datetime, UUID)
