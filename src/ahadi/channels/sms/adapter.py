"""The SMS channel: a message becomes a request to the gateway, its answer an outcome."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx

from ahadi.channels.ports import Outgoing, Refused, SendOutcome, Sent, Surroundings, TryAgain, Uncertain
from ahadi.channels.sms.client import Answer, GatewayClient
from ahadi.channels.sms.pointers import find_text
from ahadi.channels.sms.settings import SmsSettings
from ahadi.platform.transports.http import AddressRefused

E164 = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164: at most 15 digits after the +
_LONGEST_WAIT = timedelta(hours=6)

# What these statuses say of a message that was not taken, in the words of RFC 9110 and RFC 6585.
_NEEDS_A_PERSON = {
    401: ("credentials", "The SMS gateway does not accept our key; check auth_value in the channel's settings."),
    402: ("credit", "The SMS gateway wants to be paid; top up the account."),
    403: ("credentials", "The SMS gateway does not allow us to send; check the account and its key."),
    404: ("wrong-address", "The SMS gateway is not at this address; check url in the channel's settings."),
    405: ("wrong-address", "The SMS gateway takes no messages at this address; check url in the channel's settings."),
    410: ("wrong-address", "The SMS gateway is no longer at this address; check url in the channel's settings."),
}
_NOT_TAKEN_YET = (408, 425, 429, 503)


def build(settings: SmsSettings, surroundings: Surroundings) -> "SmsChannel":
    """The channel of these settings, over the HTTP client it is handed."""
    return SmsChannel(settings, surroundings.http)


class SmsChannel:
    """Sends text messages through one gateway; keeps the port of `ahadi.channels`."""

    def __init__(self, settings: SmsSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = GatewayClient(settings, http)

    @property
    def name(self) -> str:
        return "sms"

    @property
    def honours_idempotency(self) -> bool:
        return bool(self._settings.idempotency_header)

    async def send(self, message: Outgoing) -> SendOutcome:
        if not E164.fullmatch(message.to):
            return Refused("This is no phone number in international form, such as +254712345678.", True, "no-number")
        try:
            answer = await self._client.post(message)
        except AddressRefused as refusal:
            return Refused(refusal.sentence, permanent=False, code="address-refused")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return TryAgain("The SMS gateway cannot be reached.", code="unreachable-gateway")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            return Refused(
                "The request cannot be made; check the channel's settings.", permanent=False, code="settings"
            )
        except httpx.HTTPError:
            return self._in_doubt("The SMS gateway's answer was lost.", "answer-lost")
        return self._outcome(answer)

    def _outcome(self, answer: Answer) -> SendOutcome:
        settings, taken = self._settings, 200 <= answer.status < 300
        code = _plain(find_text(answer.document, settings.error_code))
        if code in settings.unreachable_codes:
            return Refused(f"The SMS gateway cannot reach this number ({code}).", permanent=True, code="unreachable")
        if code in settings.later_codes:
            return TryAgain(f"The SMS gateway asks to try again ({code}).", _wait(answer.headers), code="busy")
        if not taken:
            return self._not_taken(answer, code)
        if (
            settings.accepted
            and (said := find_text(answer.document, settings.accepted)) not in settings.accepted_values
        ):
            if not said:
                return self._in_doubt("The SMS gateway gave an answer we cannot read.", "answer-unreadable")
            return Refused(f"The SMS gateway refused the message ({code or _plain(said)}).", False, "refused")
        provider_id = find_text(answer.document, settings.provider_id)
        if settings.provider_id and not provider_id:
            # Repeating would bring the same answer: a person looks whether it went out, and at the settings.
            return Uncertain("The SMS gateway gave no name for the message; check provider_id.", "no-provider-id")
        return Sent(provider_id[:200])

    def _not_taken(self, answer: Answer, code: str) -> SendOutcome:
        status = answer.status
        if status in _NEEDS_A_PERSON:
            short, sentence = _NEEDS_A_PERSON[status]
            return Refused(sentence, permanent=False, code=short)
        if status in _NOT_TAKEN_YET:
            return TryAgain("The SMS gateway is busy.", _wait(answer.headers), code="busy")
        if status == 409 and self.honours_idempotency:
            return TryAgain("The SMS gateway is still at work on this message.", _wait(answer.headers), code="busy")
        if status >= 500:
            return self._in_doubt(f"The SMS gateway failed over the message (HTTP {status}).", "gateway-failed")
        if status < 400:
            return Refused("The SMS gateway has moved; put its new address into the settings.", False, "moved")
        named = f"{code}, HTTP {status}" if code else f"HTTP {status}"
        return Refused(f"The SMS gateway refused the message ({named}).", permanent=False, code="refused")

    def _in_doubt(self, sentence: str, code: str) -> SendOutcome:
        """The message may have been taken: safe to repeat only where the gateway takes a key once."""
        return TryAgain(sentence, code=code) if self.honours_idempotency else Uncertain(sentence, code)


def _plain(code: str) -> str:
    """A gateway's code as it may be shown: short, and nothing but letters, digits and marks."""
    return code if re.fullmatch(r"[A-Za-z0-9_.:-]{1,40}", code) else ""


def _wait(headers: httpx.Headers) -> timedelta | None:
    """Retry-After (RFC 9110, section 10.2.3) as seconds or as a date, counted from the answer's own Date."""
    asked = headers.get("retry-after", "").strip()
    try:
        if asked.isascii() and asked.isdigit():
            wait = timedelta(seconds=min(int(asked[:9]), 1_000_000))
        else:
            wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
