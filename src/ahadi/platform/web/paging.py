"""Lists by opaque cursors: `{"items": […], "next": cursor or null}`."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from starlette.responses import Response

from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.platform.web.answers import answer, encode

Item = TypeVar("Item")
USUAL, MOST = 50, 200


@dataclass(frozen=True, slots=True)
class Page:
    """How many items are wanted (at most 200), and after which cursor."""

    limit: int
    cursor: str | None

    def after(self, *kinds: type[Any]) -> tuple[Any, ...] | None:
        """The key of the last item of the page before, each part of the given kind; None for the first page.

        Raises Invalid for a cursor that was not made here.
        """
        if self.cursor is None:
            return None
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4)))
            if not isinstance(parts, list):
                raise TypeError("not a list")
            return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
        except (ValueError, TypeError, binascii.Error) as problem:
            raise Invalid(
                "This cursor was not made for this list; leave it out to start from the beginning."
            ) from problem


def _read(kind: type[Any], part: Any) -> Any:
    if kind is datetime:
        return utc(datetime.fromisoformat(part))
    if kind is UUID:
        return UUID(part)
    if isinstance(part, bool) or not isinstance(part, kind):
        raise TypeError("another kind")
    return part


async def page_of(
    limit: Annotated[int, Query(ge=1, description="Items wanted, at most 200.")] = USUAL,
    after: Annotated[str | None, Query(max_length=2000, description="The `next` of the page before.")] = None,
) -> Page:
    """The page a caller asks for."""
    return Page(min(limit, MOST), after or None)


Paging = Annotated[Page, Depends(page_of)]


def listed(
    found: Sequence[Item], page: Page, *, key: Callable[[Item], Sequence[Any]], show: Callable[[Item], Any]
) -> Response:
    """The answer for a list of which `page.limit + 1` items were asked for, in the order of `key`."""
    items = found[: page.limit]
    return answer({"items": [show(each) for each in items], "next": next_page(found, page, key=key)})


def next_page(found: Sequence[Item], page: Page, *, key: Callable[[Item], Sequence[Any]]) -> str | None:
    """The cursor of the page after this one, of which `page.limit + 1` items were asked for; None for the last."""
    return _write(key(found[page.limit - 1])) if len(found) > page.limit else None


def _write(key: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(encode(list(key))).decode().rstrip("=")
