"""What a visitor did not see because they had left goes on by mail or SMS, in the thread of the same case."""

from uuid import UUID

from ahadi import cases, contacts, customers
from ahadi.contacts import Writing, chat_store, chats, way_open
from ahadi.contacts.chat_store import Chat, Said
from ahadi.directory import read_directory
from ahadi.platform.database import Database, Work
from ahadi.platform.jobs import Job, finish

_WORDS = {
    "en": ("About your request {reference}", "You had left the chat when we answered. This is what we wrote:",
           "Answer this message and it reaches the same people."),
    "sw": ("Kuhusu ombi lako {reference}", "Ulikuwa umeondoka kwenye gumzo tulipojibu. Tuliandika hivi:",
           "Jibu ujumbe huu na utawafikia watu wale wale."),
}  # fmt: skip


async def go_on(job: Job, database: Database) -> None:
    """Look whether a chat's visitor has seen what was answered; what they have not is sent on, once."""
    assert job.organisation_id is not None
    async with database.work(job.actor()) as work:
        await finish(work, job)
        found = await chat_store.find_chat(work, job.organisation_id, UUID(job.args["chat_id"]))
        if found is not None and found.case_id is not None:
            await cases.lock_case(work, found.case_id)
            chat = await chat_store.find_chat(work, job.organisation_id, found.id, lock=True)
            if chat is not None:
                await _look(work, chat)


async def _look(work: Work, chat: Chat) -> None:
    said = await chat_store.said_after(work, chat, max(chat.visitor_seen, chat.passed_on))
    unseen = [
        each for each in said if each.message.direction == "out" and each.message.state not in ("cancelled", "held")
    ]
    if not unseen or chat.customer_id is None:
        return
    wait = unseen[-1].event.at + chats.PATIENCE - work.real_now
    if chat.is_open(work.real_now) and chats.is_there(chat, work) and wait.total_seconds() > 0:
        chats.go_on_later(work, chat, wait)
        return
    await _send(work, chat, unseen)
    await chat_store.pass_on(work, chat, unseen[-1].event.position)


async def _send(work: Work, chat: Chat, unseen: list[Said]) -> None:
    """One message with all that was not seen, where an address or number is known; else it waits in the chat."""
    assert chat.customer_id is not None and chat.case_id is not None
    customer = await customers.get_customer(work, chat.organisation_id, chat.customer_id)
    channel, recipient = await way_open(work, chat.organisation_id, customer, chats.CHAT)
    if customer.erased_at is not None or channel == contacts.PAGE:
        return
    case = await cases.get_case(work, chat.case_id)
    directory = await read_directory(work, chat.organisation_id)
    subject, before, after = _WORDS.get(chat.language, _WORDS["en"])
    words = "\n\n".join(each.message.body for each in unseen)
    body = words if channel == "sms" else f"{before}\n\n{words}\n\n{after}"
    files = await contacts.attachments_of(work, chat.organisation_id, [each.message.id for each in unseen])
    writing = Writing(
        channel=channel,
        case_id=case.id,
        customer_id=customer.id,
        recipient=recipient,
        body=body,
        intent=f"chat-goes-on:{chat.id}:{unseen[-1].event.position}",
        subject=subject.format(reference=case.reference) if channel == "email" else None,
        sender=directory.organisation.settings.sender_address or None,
        attachments=tuple(contacts.Attached(f["file_id"], f["name"]) for f in files) if channel == "email" else (),
    )
    if await contacts.write(work, chat.organisation_id, writing):
        work.record("chat.went_on", chat.organisation_id, case_id=case.id, subject_id=chat.id, channel=channel)
