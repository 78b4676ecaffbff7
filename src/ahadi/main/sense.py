"""Settings that only what they set up can read: said in one sentence at the start, before any process needs them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.smtp import settings_from_url
from ahadi.platform.web.proxies import Proxies

Protocol = Literal["smtp", "lmtp"]
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/\s]*):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where mail is taken in: an address and port, or the path of a socket."""

    host: str
    port: int
    path: Path | None = None


def must_make_sense(settings: Settings) -> None:
    """Raises SetupError naming the variable that cannot be read."""
    if settings.smtp_url:
        try:
            settings_from_url(settings.smtp_url)
        except SetupError as problem:
            raise SetupError(_of_the_mail_server(problem.sentence)) from problem
    Guard.from_setting(settings.outgoing_allow)
    Proxies(settings.trusted_proxies)
    listening_for_mail(settings)


def _of_the_mail_server(sentence: str) -> str:
    told = sentence.replace("The address of the mail server", "AHADI_SMTP_URL")
    return told if told != sentence else f"AHADI_SMTP_URL: {sentence}"


def listening_for_mail(settings: Settings) -> dict[Protocol, Listening]:
    """Where mail is taken in, by protocol. Raises SetupError for what cannot be read."""
    found: dict[Protocol, Listening] = {}
    if settings.mail_listen:
        found["smtp"] = _listening("AHADI_MAIL_LISTEN", settings.mail_listen, "127.0.0.1:2525")
    if settings.lmtp_listen:
        found["lmtp"] = _listening("AHADI_LMTP_LISTEN", settings.lmtp_listen, "127.0.0.1:2424 or unix:/path")
    return found


def _listening(variable: str, text: str, example: str) -> Listening:
    if text.startswith("unix:/"):
        return Listening("", 0, Path(text.removeprefix("unix:")))
    read = _HOST_AND_PORT.fullmatch(text.strip())
    if read is None or not 0 < int(read["port"]) < 65_536:
        raise SetupError(f"{variable} is {text!r}; write an address and port, such as {example}.")
    return Listening(read["host"].strip("[]") or "127.0.0.1", int(read["port"]))
