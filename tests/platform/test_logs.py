"""Structured logs: one JSON object a line."""

import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from ahadi.base.errors import SetupError
from ahadi.platform import logs
from ahadi.platform.logs import configure_logs, frames_of, log_request, request_id
from ahadi.platform.settings import Settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "uvicorn", "uvicorn.error", "asyncio")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)
    structlog.reset_defaults()
    logs._short_way = None


def said(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_each_line_is_an_object_with_its_time_level_and_request(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    mark = request_id.set("abc")
    structlog.get_logger("test").warning("promise.late", minutes=3)
    log_request("GET", "/api/cases/{reference}", 200, 0.0123, "127.0.0.1")
    request_id.reset(mark)
    first, second = said(capfd)
    assert first["event"] == "promise.late" and first["minutes"] == 3 and first["level"] == "warning"
    assert first["request"] == second["request"] == "abc"
    assert str(first["at"]).endswith("Z") and str(second["at"]).endswith("Z")
    assert (second["event"], second["route"], second["ms"]) == ("request", "/api/cases/{reference}", 12.3)


def test_what_is_below_the_level_is_not_written(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="warning"))
    structlog.get_logger("test").info("quiet")
    log_request("GET", "/", 200, 0.0, None)
    logging.getLogger("library").info("quiet too")
    logging.getLogger("library").error("loud")
    [line] = said(capfd)
    assert (line["event"], line["logger"], line["level"]) == ("loud", "library", "error")


def test_people_get_words(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="console"))
    log_request("GET", "/api/me", 200, 0.0, None)
    assert "route=/api/me" in capfd.readouterr().err


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SetupError, match="AHADI_LOG_LEVEL"):
        configure_logs(Settings(log_level="loud"))


def test_where_it_happened_is_told_without_what_was_said() -> None:
    try:
        raise ValueError("what the customer said")
    except ValueError as problem:
        frames = frames_of(problem)
    assert frames[-1].startswith("test_logs.py:") and "customer" not in str(frames)
