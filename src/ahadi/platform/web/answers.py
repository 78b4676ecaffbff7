"""JSON answers: UTC times with a final Z, no caching unless said."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def encode(content: Any) -> bytes:
    """JSON of dictionaries, lists, dataclasses, times, identifiers; sets become sorted lists."""
    return orjson.dumps(content, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(encode(content), status, headers, media_type="application/json")
