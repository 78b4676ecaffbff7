"""Chats taken in: a window on a site becomes a contact with its first words, and more of the same contact after it.

Whoever chats is who they say they are to nobody but themselves: what was said is recognised as everywhere, but a chat
opens a case of its own, and its window is shown that case alone (decision 16).
"""

from dataclasses import dataclass
from uuid import UUID

from ahadi import cases, promises
from ahadi.base.errors import Invalid, NotSignedIn
from ahadi.base.ids import uuid7
from ahadi.base.text import one_line
from ahadi.cases import Case, Promise, Promised
from ahadi.contacts import Attached, Chat, chat_store, chats
from ahadi.customers import email_identity, phone_identity
from ahadi.directory import Directory, read_directory
from ahadi.intake import actions
from ahadi.intake.model import Contacting
from ahadi.intake.uploads import Upload, keep_uploads
from ahadi.platform.database import Work
from ahadi.platform.security import hash_secret, new_secret
from ahadi.promises import due_within

LONGEST = 4_000  # characters of one message
_CALL_ME = {"en": "Please call me back: {phone}", "sw": "Tafadhali nipigieni simu: {phone}"}


class ChatEnded(NotSignedIn):
    """The chat was ended, or nobody came back to it for long; begin a new one."""

    code = "chat-ended"


@dataclass(frozen=True, slots=True)
class Saying:
    """What a visitor says. `client_id` is the browser's own name for it: said once, however often it is sent.

    `name`, `email` and `phone` are claims that count with the first words only.
    """

    client_id: str
    text: str
    files: tuple[Upload, ...] = ()
    name: str = ""
    email: str = ""
    phone: str = ""
    department: str = ""
    page: str = ""


async def start_chat(work: Work, organisation_id: UUID, language: str) -> str:
    """Open a window: what its browser shows from now on. Nothing else is kept until something is said."""
    secret = new_secret("ahc")
    spoken = language.replace("_", "-").split("-")[0].lower()[:8]
    spoken = spoken if spoken.isalpha() and spoken.isascii() else "en"
    await chat_store.insert_chat(
        work, organisation_id, uuid7(), hash_secret(secret), spoken, work.real_now + chats.KEPT_FOR
    )
    return secret


async def chat_of(work: Work, organisation_id: UUID, secret: str) -> Chat:
    """The chat of a browser. Raises ChatEnded where there is none, none here, or none any more."""
    found = await chat_store.by_token(work, organisation_id, hash_secret(secret))
    if found is None or not found.is_open(work.real_now):
        raise ChatEnded("This conversation has ended; begin a new one.")
    return found


async def say(work: Work, chat: Chat, saying: Saying) -> int:
    """Take in what a visitor says; its position in the chat, the same however often it is sent.

    Locks the case, where there is one, then the chat. Raises ChatEnded, Invalid.
    """
    inside = work.as_installation(chat.organisation_id)
    case = await _case(inside, chat)
    chat = await _locked(inside, chat)
    before = await chat_store.position_of_client(inside, chat, saying.client_id)
    if before is not None:
        return before
    _check(saying)
    directory = await read_directory(inside, chat.organisation_id)
    files = await keep_uploads(inside, chat.organisation_id, saying.files)
    if chat.contact_id is None or case is None or case.state != "open":
        return await _begin(inside, directory, chat, saying, files, case)
    if case.holder.person and chat.staff_seen >= chat.last:  # whoever has not looked yet was told already
        await promises.notify(inside, chat.organisation_id, case.holder.person, "contact", case.id)
    return await chats.hear(inside, chat, case.id, uuid7(), saying.text, attachments=files, client_id=saying.client_id)


def _check(saying: Saying) -> None:
    if not saying.text.strip() and not saying.files:
        raise Invalid("The message is empty; write what you need.")
    if len(saying.text) > LONGEST:
        raise Invalid(f"A message has at most {LONGEST:,} characters; send it in parts.")


async def _case(work: Work, chat: Chat) -> Case | None:
    """The case the chat is about, locked; where it was merged, the one it went into."""
    case_id = chat.case_id
    for _ in range(10):
        if case_id is None:
            return None
        case = await cases.lock_case(work, case_id)
        if case.merged_into is None:
            return case
        case_id = case.merged_into
    return None


async def _locked(work: Work, chat: Chat) -> Chat:
    held = await chat_store.find_chat(work, chat.organisation_id, chat.id, lock=True)
    if held is None or not held.is_open(work.real_now):
        raise ChatEnded("This conversation has ended; begin a new one.")
    return held


async def _begin(
    work: Work, directory: Directory, chat: Chat, saying: Saying, files: tuple[Attached, ...], case: Case | None
) -> int:
    """The first words, or the first after the case was resolved: a contact, with its case and promise."""
    claims = _claims(directory, saying) if chat.contact_id is None else {}
    known = dict(list(claims.items())[:1])  # recognised by one claim: of two, one could be somebody else's
    contacting = Contacting(
        channel="chat",
        text=saying.text.strip() or "–",
        name=one_line(saying.name, 200) or None,
        email=known.get("email"),
        phone=known.get("phone"),
        language=chat.language,
        department=_department(directory, saying.department),
        thread=case.id if case else None,
        customer=chat.customer_id,
        apart=True,
        source_key=f"chat:{chat.id}" if chat.contact_id is None else f"chat:{chat.id}:{saying.client_id}",
        headers={"chat": {"said": {"name": one_line(saying.name, 200), **claims}, "page": saying.page[:500]}},
        attachments=files,
    )
    taken = await actions.take_contact(work, chat.organisation_id, contacting)
    await work.flush()
    own = chat.own_case_id is None or chat.own_case_id == (case.id if case else None)
    if own:
        await chat_store.begin_contact(work, chat, taken.contact_id, taken.case.id)
    else:  # it was merged with another: what that one says is not shown in a window
        await chat_store.begin_contact(work, chat, taken.contact_id, chat.own_case_id or taken.case.id)
    return await chat_store.append(work, chat, contacting.message_id, saying.client_id)


def _claims(directory: Directory, saying: Saying) -> dict[str, str]:
    """What was said of how to reach them, as it is compared. Raises Invalid for what cannot be one."""
    claims = {}
    if saying.email.strip():
        claims["email"] = email_identity(saying.email).value
    if saying.phone.strip():
        claims["phone"] = phone_identity(saying.phone, directory.organisation.country).value
    return claims


def _department(directory: Directory, slug: str) -> str | None:
    """The department that the page asks for, if there is such a one."""
    return next((each.slug for each in directory.departments.values() if each.active and each.slug == slug), None)


async def call_back(work: Work, chat: Chat, saying: Saying) -> Promise:
    """The visitor wants to be called: said in the chat, and promised by whoever holds the case.

    Asked again with the same `client_id`, it is the promise that was made. Raises Invalid without a number.
    """
    inside = work.as_installation(chat.organisation_id)
    directory = await read_directory(inside, chat.organisation_id)
    if not saying.phone.strip():
        raise Invalid("Write the telephone number on which we can call you.")
    number = phone_identity(saying.phone, directory.organisation.country)
    words = _CALL_ME.get(chat.language, _CALL_ME["en"]).format(phone=number.shown)
    before = await chat_store.position_of_client(inside, chat, saying.client_id)
    text = f"{words}\n{saying.text.strip()}".strip()
    asked = Saying(saying.client_id, text, (), saying.name, saying.email, saying.phone, saying.department, saying.page)
    await say(work, chat, asked)
    await inside.flush()
    chat = await _locked(inside, chat)
    assert chat.case_id is not None
    case = await cases.lock_case(inside, chat.case_id)
    standing = next((each for each in case.open_promises if each.kind == "callback"), None)
    if before is not None and standing is not None:
        return standing
    within_ = directory.organisation.settings.promise("callback").within
    due_at = due_within(directory, within_, case.department_id, work.now)
    text = cases.promise_text("callback", case.language)
    _, made = await cases.make_promise(inside, case.id, Promised("callback", case.holder, due_at, text))
    return made


async def end_chat(work: Work, chat: Chat) -> None:
    """The visitor ends the conversation; its token is worth nothing from now on, and the case goes on."""
    inside = work.as_installation(chat.organisation_id)
    await _case(inside, chat)
    await chats.end(inside, await _locked(inside, chat))
