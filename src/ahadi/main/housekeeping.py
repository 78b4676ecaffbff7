"""Dropping what nobody asks for any more: kept answers, counted attempts, ended sessions. By real time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from ahadi import desk, notifications
from ahadi.base.errors import AhadiError
from ahadi.contacts.chat_store import forget_empty_chats
from ahadi.directory import attempt_store, device_store, sign_in_store
from ahadi.directory.devices import KNOWN_FOR
from ahadi.intake import retention
from ahadi.platform import webhooks_store
from ahadi.platform.database import Actor, Database
from ahadi.platform.marks import mark
from ahadi.platform.throttle import forget_old_attempts
from ahadi.platform.web.idempotency import KEPT_FOR, forget_old_answers

Organisations = Callable[[], Awaitable[Sequence[UUID]]]
log = structlog.get_logger(__name__)
_EVERY = 3600.0
BEAT_EVERY = 10.0  # seconds
WORKER = "worker"


async def keep_house(database: Database) -> None:
    """Tidy up once an hour, until cancelled."""
    while True:
        try:
            await tidy(database)
        except AhadiError as problem:
            log.warning("housekeeping.waiting", error=problem.code)
        await asyncio.sleep(_EVERY)


async def keep_retention(database: Database, organisations: Organisations, every: float = 600.0) -> None:
    """Let words go that have had their time: small batches, at once again while there are some, until cancelled."""
    while True:
        try:
            done = await retention.let_go(database, await organisations())
        except AhadiError as problem:
            log.warning("retention.waiting", error=problem.code)
            done = 0
        await asyncio.sleep(0.2 if done else every)


async def keep_beating(database: Database, every: float = BEAT_EVERY) -> None:
    """Mark that a worker lives, until cancelled."""
    while True:
        try:
            async with database.work(Actor.system([])) as work:
                await mark(work, WORKER)
        except AhadiError as problem:
            log.warning("heartbeat.missed", error=problem.code)
        await asyncio.sleep(every)


async def tidy(database: Database) -> None:
    """Drop what has had its time."""
    async with database.work(Actor.system([])) as work:
        await forget_old_answers(work, work.real_now - KEPT_FOR)
        await forget_old_attempts(work, work.real_now - timedelta(days=1))
        everyone = await sign_in_store.every_organisation(work)
        await sign_in_store.forget_ended_sessions(work, work.real_now - timedelta(days=30))
        await attempt_store.forget_attempts(work, work.real_now)
        await device_store.forget_devices(work, work.real_now - KNOWN_FOR)
    async with database.work(Actor.system(everyone)) as work:
        await forget_empty_chats(work, everyone, work.real_now - timedelta(days=1))
        await webhooks_store.forget_deliveries(work, everyone, work.real_now - timedelta(days=30))
        await notifications.forget_old(work, everyone, work.real_now - timedelta(days=30))
        await notifications.forget_old_mails(work, work.real_now - timedelta(days=30))
        await desk.forget_old(
            work, everyone, here=work.real_now - desk.HERE_FOR, drafts=work.real_now - timedelta(days=90)
        )
