"""Administration: the mailboxes that are read, who is blocked, and mail that was put aside."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError
from ahadi.channels.ports import Surroundings
from ahadi.directory import Directory, Permission, change_store
from ahadi.intake import aside, mail_store, mailboxes
from ahadi.intake.aside import Released
from ahadi.intake.mail_api import sender_name
from ahadi.intake.mailbox_trial import Opened, settings_of_mailbox, try_mailbox
from ahadi.intake.mailboxes import MailboxSettings
from ahadi.platform.database import Actor, Work
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from ahadi.platform.web import Router, database_of, needs, settings_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, number_in, settle_form, show_settings

router = Router(include_in_schema=False)
MAIL, ASIDE = "/settings/mail", "/settings/mail/aside"
_SECURITY = ("tls", "starttls", "plain")
_MOST = 100


@router.get(MAIL)
async def get_mail(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    return await _page(request, actor, organisation)


async def _page(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    tried: tuple[UUID, Opened] | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, Permission.SETTINGS_EDIT, slug)
        organisation_id = directory.organisation.id
        found = await mail_store.mailboxes_in(work, [organisation_id])
        mail = await change_store.addresses_of(work, organisation_id)
    installed = settings_of(request)
    return show_settings(
        request,
        frame,
        directory,
        Permission.SETTINGS_EDIT,
        "settings/mail.html",
        entered=entered,
        problem=problem,
        mailboxes=found,
        tried=tried,
        addresses=mail,
        security=_SECURITY,
        goes_out=bool(installed.smtp_url),
        listens=installed.mail_listen or installed.lmtp_listen,
        settles=frame.may(Permission.MESSAGES_SETTLE, organisation_id),
    )


@router.post(MAIL)
async def post_mailbox(request: Request, actor: Actor = needs(Permission.SETTINGS_EDIT)) -> Response:
    """Try a mailbox, and read it from now on where it opens."""
    entered = await entered_in(request)

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, entered.get("organisation"), entered, problem)

    try:
        settings = mailbox_settings(entered)
        address = entered.required("address", later("Write the address that customers write to."), most=254)
        await open_mailbox(request, settings)
    except AhadiError as problem:
        return await show(entered, problem)

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await mailboxes.add_mailbox(work, directory.organisation.id, address, settings)
        return "mailbox-added"

    return await settle_form(request, actor, MAIL, Permission.SETTINGS_EDIT, deed, show)


def mailbox_settings(entered: Entered) -> MailboxSettings:
    """A mailbox as it was entered, with its secrets. Raises Invalid."""
    given: dict[str, Any] = {
        "host": entered.required("host", later("Write the name of the mail server."), most=253),
        "user": entered.required("user", later("Write the name to sign in with."), most=254),
        "port": number_in(entered, "port", 1, 65_535),
        "security": entered.one_of("security", _SECURITY, later("Choose how the connection is protected.")),
        "folder": entered.text("folder", most=200) or "INBOX",
        "move_to": entered.text("move_to", most=200),
        "first": "all" if entered.get("first") == "all" else "unseen",
    }
    if entered.get("way") == "oauth":
        names = ("token_url", "client_id", "client_secret", "refresh_token", "scope")
        given["oauth"] = {name: entered.text(name, most=4_000) for name in names}
    else:
        given["password"] = entered.required("password", later("Write the mailbox's password."), most=1_000)
    return mailboxes.settings_from(given)


async def open_mailbox(request: Request, settings: MailboxSettings) -> Opened:
    """Open a mailbox outside of any transaction: a mail server may take its time."""
    guard = Guard.from_setting(settings_of(request).outgoing_allow)
    async with guarded_client(guard) as client:
        return await try_mailbox(settings, Surroundings(client, database_of(request).clock.real), guard)


@router.post(MAIL + "/{mailbox_id}")
async def post_mailbox_deed(
    request: Request, mailbox_id: UUID, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """Try a mailbox that is read, or stop reading it."""
    entered = await entered_in(request)

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, entered.get("organisation"), Entered(), problem)

    if entered.get("decision") == "try":
        async with database_of(request).read(actor) as work:
            directory = administered(
                await frame_of(request, work), Permission.SETTINGS_EDIT, entered.get("organisation")
            )
            settings = await settings_of_mailbox(work, directory.organisation.id, mailbox_id)
        try:
            opened = await open_mailbox(request, settings)
        except AhadiError as problem:
            return await show(entered, problem)
        return await _page(request, actor, directory.organisation.slug, tried=(mailbox_id, opened))

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await mailboxes.retire_mailbox(work, directory.organisation.id, mailbox_id)
        return "mailbox-retired"

    return await settle_form(request, actor, MAIL, Permission.SETTINGS_EDIT, deed, show)


# Blocked senders and mail put aside -------------------------------------------------------------------------------


@router.get(ASIDE)
async def get_aside(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.MESSAGES_SETTLE)
) -> Response:
    return await _aside(request, actor, organisation)


async def _aside(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, Permission.MESSAGES_SETTLE, slug)
        organisation_id = directory.organisation.id
        waiting = await aside.put_aside_mails(work, organisation_id, _MOST)
        blocked = await mail_store.blocked_in(work, organisation_id)
    return show_settings(
        request,
        frame,
        directory,
        Permission.MESSAGES_SETTLE,
        "settings/aside.html",
        entered=entered,
        problem=problem,
        waiting=waiting,
        blocked=blocked,
    )


@router.post(ASIDE)
async def post_aside(request: Request, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Make a mail a case after all, drop it, or block and unblock a sender."""
    released: list[Released] = []

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        organisation_id = directory.organisation.id
        decision, mail = entered.text("decision", most=20), entered.id("mail")
        if decision in ("release", "drop") and mail:
            taken = await aside.settle_put_aside(work, mail, release=decision == "release")
            released.extend([taken] if taken else [])
            return "mail-released" if taken else "mail-dropped"
        name = entered.required("sender", later("Write an address, or a domain such as @spam.example."), most=254)
        if decision == "unblock":
            await aside.unblock_sender(work, organisation_id, name)
            return "sender-unblocked"
        await aside.block_sender(work, organisation_id, sender_name(name))
        return "sender-blocked"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _aside(request, actor, entered.get("organisation"), entered, problem)

    answered = await settle_form(request, actor, ASIDE, Permission.MESSAGES_SETTLE, deed, show)
    await aside.take_released(database_of(request), settings_of(request), released)
    return answered
