"""Steps of the worker: whatever goes wrong with one is told and leaves the others alone."""

from collections.abc import Awaitable
from uuid import UUID

import structlog

from ahadi.base.errors import AhadiError, Unavailable
from ahadi.platform.database import Busy

log = structlog.get_logger(__name__)


async def alone(duty: str, subject: UUID, deed: Awaitable[int]) -> int:
    """One step of a duty; 0 when it failed. Only without a database all wait: raises Unavailable."""
    try:
        return await deed
    except Unavailable as problem:
        if not isinstance(problem, Busy):
            raise
        code = problem.code
    except AhadiError as problem:
        code = problem.code
    except Exception as problem:
        code = type(problem).__qualname__
    log.warning(f"{duty}.step_failed", subject=str(subject), error=code)
    return 0
