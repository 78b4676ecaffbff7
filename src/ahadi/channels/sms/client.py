"""Speaks to the gateway: one request, one answer. It decides nothing and knows no outcome."""

from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from ahadi.channels.ports import Outgoing
from ahadi.channels.sms.pointers import place
from ahadi.channels.sms.settings import SmsSettings


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway answered; `document` is None where the body is no JSON."""

    status: int
    headers: httpx.Headers
    document: Any


class GatewayClient:
    """Posts messages in the gateway's own form. Raises httpx's errors as they come."""

    def __init__(self, settings: SmsSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def post(self, message: Outgoing) -> Answer:
        settings = self._settings
        headers = {settings.auth_header: settings.auth_value.get_secret_value(), "Accept": "application/json"}
        if settings.idempotency_header:
            headers[settings.idempotency_header] = message.idempotency_key
        else:
            # A kept connection that the gateway closes at the same moment leaves us uncertain for nothing.
            headers["Connection"] = "close"
        document = self._document(message)
        if settings.body == "json":
            headers["Content-Type"] = "application/json"
            content: dict[str, Any] = {"content": orjson.dumps(document)}
        else:
            content = {"data": {name: _form_value(value) for name, value in document.items()}}
        response = await self._http.post(settings.url, headers=headers, follow_redirects=False, **content)
        return Answer(response.status_code, response.headers, _read(response.content))

    def _document(self, message: Outgoing) -> dict[str, Any]:
        settings = self._settings
        document: dict[str, Any] = {}
        for field, value in settings.constants.items():
            place(document, field, value)
        place(document, settings.to_field, self._number(message.to))
        place(document, settings.sender_field, self._number(message.sender or settings.sender))
        place(document, settings.text_field, message.text)
        if settings.reference_field:
            place(document, settings.reference_field, str(message.id))
        return document

    def _number(self, number: str) -> str:
        return number.removeprefix("+") if self._settings.numbers == "digits" else number


def _form_value(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
