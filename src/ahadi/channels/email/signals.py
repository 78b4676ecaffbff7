"""What a mail says of itself: made by a machine, a delivery report, spam to the filter in front of us."""

import re
from collections.abc import Iterable

from ahadi.channels.email.charsets import decode, line, sound
from ahadi.channels.email.headers import Fields, Part, message_ids
from ahadi.channels.email.mail import Address, Automatic, AutomaticKind, Bounce, BouncedRecipient, Spam

# Fields that only auto-responders write, whatever their value.
_RESPONDER_FIELDS = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-autoresponder")
_LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "feedback-id")
_PRECEDENCE = {
    "bulk": AutomaticKind.BULK,
    "junk": AutomaticKind.BULK,
    "list": AutomaticKind.LIST,
    "auto_reply": AutomaticKind.REPLIED,
}
_AWAY = re.compile(
    r"(out of (the )?office|automatic reply|auto[- ]?reply|auto[- ]?response|autoreply"
    r"|away from (the |my )?(office|desk)"
    r"|automatische antwort|abwesenheitsnotiz|abwesend|réponse automatique|absence du bureau|respuesta automática"
    r"|fuera de la oficina|resposta automática|ausência|risposta automatica|fuori sede|automatisch antwoord"
    r"|afwezig|autosvar|automatiskt svar|automaattinen vastaus|odpowiedź automatyczna"
    r"|jibu (la )?(moja kwa moja|otomatiki)|nje ya ofisi|автоответ|自动回复|自動返信)\s*($|[:：(\[–—-]|(re|aw)\b)",
    re.I,
)
_MACHINE = re.compile(r"(mailer-daemon|postmaster|mail-daemon|mdaemon)@", re.I)
_NOBODY = re.compile(r"(no|do[-_.]?not|ne)[-_.]?(reply|response|responder|pas[-_.]?repondre)([-_+.][^@]*)?@", re.I)
_BOUNCED_SUBJECT = re.compile(
    r"(undeliver|delivery (status notification|has failed|failure)|returned mail|mail delivery (failed|system)"
    r"|failure notice|non remis|unzustellbar|no se puede entregar|onbestelbaar)",
    re.I,
)


def automatic(fields: Fields, sender: Address, return_path: str | None, bounce: Bounce | None) -> Automatic | None:
    """Why this mail is held to be a machine's, or asks for no machine's answer (RFC 3834, 2); None otherwise."""
    if bounce is not None:
        return Automatic(AutomaticKind.BOUNCE, "a delivery report")
    kind = fields.words("content-type").lower()
    if "report-type=" in kind.replace(" ", ""):
        if "disposition-notification" in kind:
            return Automatic(AutomaticKind.RECEIPT, "a read receipt (RFC 8098)")
        if "feedback-report" in kind:
            return Automatic(AutomaticKind.COMPLAINT, "an abuse report (RFC 5965)")
    return _by_field(fields) or _by_sender(fields, sender, return_path)


def _by_field(fields: Fields) -> Automatic | None:
    submitted = re.sub(r"\(.*?\)", "", fields.words("auto-submitted")).partition(";")[0].strip().lower()
    away = _AWAY.match(fields.words("subject"))
    if submitted and submitted != "no":
        kind = AutomaticKind.REPLIED if submitted == "auto-replied" else AutomaticKind.GENERATED
        kind = AutomaticKind.OUT_OF_OFFICE if away else kind
        return Automatic(kind, f"Auto-Submitted: {line(submitted, 60)}")
    for name in _RESPONDER_FIELDS:
        if name in fields and fields.words(name).lower() not in ("no", "false"):
            return Automatic(AutomaticKind.OUT_OF_OFFICE if away else AutomaticKind.REPLIED, _titled(name))
    for name in _LIST_FIELDS:
        if name in fields:
            return Automatic(AutomaticKind.LIST, _titled(name))
    precedence = fields.words("precedence").lower()
    if precedence in _PRECEDENCE:
        return Automatic(_PRECEDENCE[precedence], f"Precedence: {precedence}")
    if away:
        return Automatic(AutomaticKind.OUT_OF_OFFICE, "its subject")
    suppressed = {word.strip().lower() for word in fields.words("x-auto-response-suppress").split(",")}
    if suppressed & {"all", "autoreply", "oof"}:
        return Automatic(AutomaticKind.SUPPRESSED, "X-Auto-Response-Suppress")
    return None


def _by_sender(fields: Fields, sender: Address, return_path: str | None) -> Automatic | None:
    if return_path == "":
        return Automatic(AutomaticKind.NULL_SENDER, "a null return path (RFC 5321, 4.5.5)")
    for address in (sender.address, return_path or ""):
        if _MACHINE.match(address):
            return Automatic(AutomaticKind.GENERATED, "sent by a mail system")
        if _NOBODY.match(address):
            return Automatic(AutomaticKind.NO_REPLY, "an address nobody reads")
    return None


def _titled(name: str) -> str:
    return name.title()


def spam(fields: Fields) -> Spam | None:
    """The verdict of SpamAssassin, rspamd or one that writes as they do, from the topmost fields; None without one."""
    flag, status = fields.words("x-spam-flag").lower(), fields.words("x-spam-status").lower()
    simple = fields.words("x-spam").lower()
    if not (flag or status or simple):
        return None
    flagged = (flag or simple or status).startswith(("yes", "true")) or (not flag and status.startswith("yes"))
    score = re.search(r"\b(?:score|hits)=(-?\d{1,6}(?:\.\d{1,6})?)", status)
    return Spam(flagged, float(score[1]) if score else None)


def bounce(fields: Fields, parts: Iterable[Part], text: str, sender: Address, return_path: str | None) -> Bounce | None:
    """The delivery report in a mail: RFC 3464's, or Exim's and the older forms as far as they can be read."""
    recipients: list[BouncedRecipient] = []
    original, report = "", False
    for part in parts:
        kind = part.get_content_type().lower()
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            report = True
            recipients.extend(_recipients(part))
        elif kind in ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"):
            original = original or _id_of(part)
    is_report = "report-type=delivery-status" in re.sub(r"[\s\"]", "", fields.words("content-type").lower())
    if report or is_report:
        return Bounce(tuple(recipients[:100]), original)
    failed = [line(each, 320) for each in fields.first("x-failed-recipients").split(",") if "@" in each]
    from_system = return_path == "" or bool(_MACHINE.match(sender.address))
    if failed:
        return Bounce(tuple(BouncedRecipient(each, "failed") for each in failed[:100]), original or _id_in(text))
    if from_system and _BOUNCED_SUBJECT.search(fields.words("subject")):
        return Bounce((), original or _id_in(text))
    return None


def _recipients(part: Part) -> list[BouncedRecipient]:
    blocks = part.get_payload()
    found = []
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, Part):
            continue
        fields = Fields(block)
        address = fields.words("final-recipient") or fields.words("original-recipient")
        if address:
            status = re.search(r"\b[245]\.\d{1,3}\.\d{1,3}\b", fields.words("status"))
            found.append(
                BouncedRecipient(
                    line(address.partition(";")[2] or address, 320).strip(" <>"),
                    fields.words("action").lower().split(" ")[0],
                    status[0] if status else "",
                    line(fields.words("diagnostic-code").partition(";")[2] or fields.words("diagnostic-code")),
                )
            )
    return found


def _id_of(part: Part) -> str:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Part):
        ids = message_ids(Fields(payload[0]).every("message-id"), 1)
        return ids[0] if ids else ""
    raw = part.get_payload(decode=True)
    return _id_in(sound(decode(raw[:65536]))) if isinstance(raw, bytes) else ""


def _id_in(text: str) -> str:
    found = re.search(r"^[> \t]*message-id:\s{0,3}(<[^<>\s]{3,990}>)", text[:200_000], re.I | re.M)
    ids = message_ids([found[1]], 1) if found else ()
    return ids[0] if ids else ""
