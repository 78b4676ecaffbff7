"""Structured logs: one JSON object a line (or words on a console), never a customer's words."""

import logging
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from ahadi.base.clock import SystemClock, iso
from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_clock = SystemClock()
_short_way: bool | None = None  # None: structlog's way; False: requests are not logged at this level


def configure_logs(settings: Settings) -> None:
    """Send what structlog and the standard library's loggers say to standard error, from the level set."""
    global _short_way
    level = _LEVELS.get(settings.log_level.lower())
    if level is None:
        raise SetupError(f"AHADI_LOG_LEVEL is {settings.log_level!r}; write debug, info, warning or error.")
    first: list[Processor] = [structlog.processors.add_log_level, _time, _request]
    if settings.log_format == "console":
        last: list[Processor] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        last = [structlog.processors.JSONRenderer(serializer=_dump)]
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    structlog.configure(
        processors=[*first, structlog.processors.format_exc_info, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _short_way = level <= logging.INFO if settings.log_format == "json" else None
    _take_over_the_standard_library(level)


def log_request(method: str, route: str, status: int, seconds: float, client: str | None) -> None:
    """One line per request; written the short way where machines read it, because there are so many."""
    milliseconds = round(seconds * 1000, 1)
    if _short_way is None:
        structlog.get_logger("ahadi.access").info(
            "request", method=method, route=route, status=status, ms=milliseconds, client=client
        )
        return
    line = {
        "event": "request",
        "level": "info",
        "at": _clock.now(),
        "method": method,
        "route": route,
        "status": status,
        "ms": milliseconds,
        "client": client,
        "request": request_id.get(),
    }
    if _short_way:
        sys.stderr.buffer.write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
        sys.stderr.buffer.flush()


def frames_of(problem: BaseException) -> list[str]:
    """Where it happened, innermost last, without its message: that may quote what a customer wrote."""
    where = traceback.extract_tb(problem.__traceback__)[-12:]
    return [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in where]


def _dump(event: EventDict, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["at"] = iso(_clock.now())
    return event


def _request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    identifier = request_id.get()
    if identifier:
        event["request"] = identifier
    return event


class _Handed(logging.Handler):
    """Hands the standard library's records to structlog: the logger, the level, and the message."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
        logger.log(max(10, record.levelno // 10 * 10), record.getMessage(), **fields)


def _take_over_the_standard_library(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Handed()]
    root.setLevel(level)
    for quiet in ("httpx", "httpcore", "asyncio", "uvicorn.access", "mail.log"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
