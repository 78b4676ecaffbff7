"""The one place where the parts are put together, by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx

from ahadi import notifications, search
from ahadi.base.clock import Clock, SystemClock
from ahadi.board import api as board_api
from ahadi.cases import api as cases_api
from ahadi.cases import batch_api
from ahadi.channels.ports import Channel, Surroundings
from ahadi.contacts import api as contacts_api
from ahadi.contacts import canned_api, channel_api, chats
from ahadi.customers import api as customers_api
from ahadi.customers import person_api
from ahadi.desk import api as desk_api
from ahadi.directory import api as directory_api
from ahadi.directory import (
    invitations_api,
    passkeys_api,
    people_api,
    providers_api,
    rota_api,
    sign_in_api,
    sign_in_store,
    tokens_api,
)
from ahadi.directory.acting_as import ending_actings
from ahadi.directory.link_mails import mailing_links
from ahadi.directory.notice_mails import mailing_notices
from ahadi.directory.oidc import Providers
from ahadi.directory.recognising import may_listen_no_more
from ahadi.intake import api as intake_api
from ahadi.intake import chat_api, mail_api, sms, sms_api
from ahadi.intake.chat_goes_on import go_on
from ahadi.intake.chat_rooms import Rooms
from ahadi.intake.mail import MailIntake
from ahadi.intake.mailboxes import Poller
from ahadi.main.duties import (
    Heard,
    keep_offering,
    keep_watch,
    mail_notices,
    mail_servers,
    read_mailboxes,
    send_messages,
    settle,
    take_mail,
)
from ahadi.main.housekeeping import keep_beating, keep_house, keep_retention
from ahadi.main.post import InstalledPost
from ahadi.main.tasks import Task
from ahadi.notifications import api as notifications_api
from ahadi.platform import webhooks
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database
from ahadi.platform.house import house_of
from ahadi.platform.jobs import Handler, run_for_ever
from ahadi.platform.live import Announcer, Hub, listen
from ahadi.platform.metrics import Metrics, counted
from ahadi.platform.security import Keyring, load_keyring
from ahadi.platform.settings import Settings
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from ahadi.platform.web import Policy, Router, Statics, Streams, live_api, webhooks_api
from ahadi.promises import api as promises_api
from ahadi.promises import bookings_api
from ahadi.rota import api as rota_changes_api
from ahadi.rota import swaps_api
from ahadi.routing import api as routing_api
from ahadi.routing import offer_api
from ahadi.screens import ROUTERS as SCREENS
from ahadi.screens import NotificationWording
from ahadi.search import api as search_api

JOBS_AT_ONCE = 3
STATIC = Path(__file__).parent.parent / "screens" / "static"

# Every route of the application, in the order they are tried.
ROUTERS: tuple[Router, ...] = (
    sign_in_api.router,
    passkeys_api.router,
    providers_api.router,
    tokens_api.router,
    invitations_api.router,
    directory_api.router,
    people_api.router,
    rota_api.router,
    rota_changes_api.router,
    rota_changes_api.fetched,
    swaps_api.router,
    live_api.router,
    webhooks_api.router,
    customers_api.router,
    person_api.router,
    intake_api.router,
    mail_api.router,
    sms_api.router,
    chat_api.router,
    routing_api.router,
    offer_api.router,
    promises_api.router,
    bookings_api.router,
    search_api.router,
    board_api.router,
    cases_api.router,
    batch_api.router,
    contacts_api.router,
    channel_api.router,
    canned_api.router,
    desk_api.router,
    notifications_api.router,
    *SCREENS,
)


def handlers(installation: "Installation", outgoing: httpx.AsyncClient, mail: Channel | None) -> Mapping[str, Handler]:
    """What each kind of job does."""
    return {
        webhooks.DELIVER: webhooks.delivering(installation.keyring, outgoing),
        search.FORGET: search.forget,
        sms.LATE_RECEIPT: sms.late_receipt,
        chats.GO_ON: go_on,
        **mailing_links(mail, installation.keyring, installation.settings.links_from()),
        **notifications.sending(mail, outgoing, NotificationWording()),
        **ending_actings(),
        **mailing_notices(mail, installation.settings.links_from()),
    }


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Installation:
    """One process's share of an installation: what was configured, and the parts built from it.

    `settle` is called after the manual clock was moved: it runs whatever has come due, until nothing is.
    """

    settings: Settings
    database: Database
    keyring: Keyring
    hub: Hub
    announcer: Announcer
    streams: Streams
    rooms: Rooms
    statics: Statics
    policy: Policy
    metrics: Metrics
    providers: Providers
    settle: Callable[[], Awaitable[None]] = field(default=_nothing)


def install(settings: Settings, database_url: str, *, real: Clock | None = None, name: str = "web") -> Installation:
    """The parts of one process, not yet connected to anything."""
    keyring = load_keyring(settings)
    database = Database(
        database_url,
        BusinessClock(settings.clock, real or SystemClock()),
        house=house_of(settings, keyring),
        connections=settings.database_connections,
        application=f"ahadi {name}",
    )
    hub, metrics = Hub(database), Metrics()

    async def gone(organisation_id: UUID, actors: Sequence[Actor]) -> Collection[Actor]:
        return await may_listen_no_more(database, organisation_id, actors, live_api.LISTEN)

    return Installation(
        settings=settings,
        database=database,
        keyring=keyring,
        hub=hub,
        announcer=Announcer(database),
        streams=Streams(hub, gone, metrics.count_streams),
        rooms=Rooms(database, hub),
        statics=Statics(STATIC),
        policy=Policy.of(settings),
        metrics=metrics,
        providers=Providers(lambda: guarded_client(Guard.from_setting(settings.outgoing_allow)), database.clock.real),
        settle=partial(settle, database),
    )


async def every_organisation(database: Database) -> list[UUID]:
    """The organisations of this installation."""
    async with database.read(Actor.system([])) as work:
        return await sign_in_store.every_organisation(work)


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[Installation]:
    """The installation with its connections open."""
    await installation.database.open()
    try:
        yield installation
    finally:
        await installation.providers.close()
        await installation.database.close()


def web_tasks(installation: Installation) -> dict[str, Task]:
    """What a web process runs beside the requests."""
    return {
        "live": installation.hub.run,
        "announcer": installation.announcer.run,
        "streams": installation.streams.run,
        "chats": installation.rooms.run,
    }


def worker_tasks(installation: Installation) -> dict[str, Task]:
    """What a worker process runs for ever, by name. Jobs are run by several at once, so that a slow one delays none."""
    database, lease = installation.database, timedelta(seconds=installation.settings.job_lease_seconds)
    follower = webhooks.follower(database, lambda: every_organisation(database))
    searching = search.follower(database, lambda: every_organisation(database))
    telling = notifications.follower(database, lambda: every_organisation(database))
    wakes, heard = [asyncio.Event() for _ in range(JOBS_AT_ONCE)], Heard()

    def wake(grown: set[UUID]) -> None:
        for each in wakes:
            each.set()
        follower.hear(grown)
        heard.hear(grown)
        searching.hear(grown)
        telling.hear(grown)

    settings = installation.settings
    outgoing = guarded_client(Guard.from_setting(settings.outgoing_allow))
    post = InstalledPost(database, settings, installation.keyring, Surroundings(outgoing, database.clock.real))
    done_by = counted(handlers(installation, outgoing, post.mail), installation.metrics)
    runners: dict[str, Task] = {
        f"jobs {n}": partial(run_for_ever, database, done_by, lease, each) for n, each in enumerate(wakes, 1)
    }
    written = asyncio.Event()
    wakes.append(written)
    organisations = partial(every_organisation, database)
    mail = MailIntake(database, settings)
    poller = Poller(database, mail, installation.keyring, Surroundings(outgoing, database.clock.real))
    listening: dict[str, Task] = {
        f"mail {name}": partial(take_mail, server) for name, server in mail_servers(settings, mail).items()
    }
    if settings.demo_plays:
        from ahadi.main.demo.load import play

        listening["demo"] = partial(play, installation)
    return (
        runners
        | listening
        | {
            "wake": partial(listen, database.url, wake),
            "webhooks": follower.run,
            "search": searching.run,
            "notifications": telling.run,
            "notice mails": partial(mail_notices, database, organisations, settings.watch_seconds),
            "announcer": installation.announcer.run,
            "heartbeat": partial(keep_beating, database),
            "housekeeping": partial(keep_house, database),
            "retention": partial(keep_retention, database, organisations),
            "mailboxes": partial(read_mailboxes, poller, organisations),
            "offers": partial(keep_offering, database, organisations, heard),
            "watch": partial(keep_watch, database, settings.watch_seconds),
            "outbox": partial(send_messages, database, organisations, post, settings.watch_seconds, written),
        }
    )
