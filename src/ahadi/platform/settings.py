"""Configuration by `AHADI_…` variables; each `AHADI_X` may instead be `AHADI_X_FILE`, a file that holds the value."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from ahadi.base.errors import SetupError

ClockMode = Literal["system", "manual", "running"]


_OF_OTHERS: Final = {"AHADI_PEERS", "AHADI_STATEFUL_EXAMPLES"}  # read by the benchmarks and by the tests


def _setting(default: Any, meaning: str, within: tuple[float, float] | None = None) -> Any:
    return field(default=default, metadata={"meaning": meaning, "within": within})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can be told from outside. A field `x_y` is read from `AHADI_X_Y`."""

    data: Path = _setting(Path("data"), "Folder of the embedded database, the secret key and the logs.")
    database_url: str = _setting("", "PostgreSQL address of the application's role; empty starts the embedded server.")
    owner_database_url: str = _setting("", "PostgreSQL address of the role that owns the tables, for migrations.")
    database_connections: int = _setting(8, "Most database connections of one process.", (1, 1000))
    host: str = _setting("127.0.0.1", "Address the web server listens on.")
    port: int = _setting(8123, "Port the web server listens on.", (0, 65_535))
    web_processes: int = _setting(1, "How many web processes serve requests.", (1, 256))
    worker_processes: int = _setting(1, "How many worker processes run jobs and the watch.", (1, 256))
    public_url: str = _setting("", "Address customers and staff reach us at; links are made from it and nothing else.")
    trusted_proxies: str = _setting("", "Addresses whose Forwarded headers are believed, separated by commas.")
    secret_key: str = _setting("", "Signs links and encrypts stored secrets; made in the data folder when empty.")
    secret_key_previous: str = _setting(
        "", "Earlier secret keys, separated by commas: still accepted, never used anew."
    )
    clock: ClockMode = _setting(
        "system", "`system`; `manual` for trials (adds POST /api/clock); `running` for the demo."
    )
    demo: bool = _setting(False, "Offers one-click sign-in; only honoured on a loopback address.")
    demo_plays: bool = _setting(False, "The worker plays the demo's day; set by `ahadi demo`.")
    log_level: str = _setting("info", "`debug`, `info`, `warning` or `error`.")
    log_format: Literal["json", "console"] = _setting("json", "`json` for machines, `console` for people.")
    smtp_url: str = _setting("", "Where mail is sent: smtp://user:password@host:587; empty keeps mail queued.")
    mail_listen: str = _setting(
        "", "Address and port that take mail in by SMTP, such as 127.0.0.1:2525; empty for none."
    )
    lmtp_listen: str = _setting("", "Address and port, or unix:/path, that take mail in by LMTP; empty for none.")
    mail_domain: str = _setting("localhost", "Domain of the Message-IDs we make.")
    mail_trusted_authserv_ids: str = _setting("", "Mail servers whose Authentication-Results are believed.")
    mail_spam_filter: bool = _setting(False, "A spam filter in front adds X-Spam fields, and removes forged ones.")
    mail_max_bytes: int = _setting(25_000_000, "Largest mail taken in, in bytes.", (1_000, 1_000_000_000))
    outgoing_allow: str = _setting("", "Inside addresses or networks that webhooks and gateways may reach.")
    session_hours: int = _setting(12, "Hours a sign-in lasts without use.", (1, 8_760))
    job_lease_seconds: int = _setting(
        60, "Seconds after which the work of a silent worker is given to another.", (1, 86_400)
    )
    watch_seconds: float = _setting(1.0, "Seconds between two looks at promises, shifts and the outbox.", (0.01, 60))

    def links_from(self) -> str:
        """The address links start with, without a final slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment; `overrides` (from the command line) win where they are not None.

    Raises SetupError naming the variable when a value cannot be read.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for each in fields(Settings):
        text = _read(environment, f"AHADI_{each.name.upper()}")
        if text is not None:
            values[each.name] = _convert(each.name, text, each.default)
    values |= {name: value for name, value in overrides.items() if value is not None}
    settings = Settings(**values)
    _must_make_sense(settings)
    return settings


def unknown_variables(names: Iterable[str]) -> list[str]:
    """A sentence for each variable that looks like one of ours and is none, with the name that was likely meant."""
    known = {f"AHADI_{each.name.upper()}" for each in fields(Settings)} | _OF_OTHERS
    told = []
    for name in sorted(names):
        if not name.startswith("AHADI_") or name in known or name.removesuffix("_FILE") in known:
            continue
        near = difflib.get_close_matches(name, sorted(known), 1, 0.7)
        hint = f"did you mean {near[0]}?" if near else "see the list of settings in docs/reference/configuration.md."
        told.append(f"There is no setting {name}, so it does nothing; {hint}")
    return told


def _must_make_sense(settings: Settings) -> None:
    if settings.clock not in ("system", "manual", "running"):
        raise SetupError(f"AHADI_CLOCK is {settings.clock!r}; write system, manual or running.")
    if settings.log_format not in ("json", "console"):
        raise SetupError(f"AHADI_LOG_FORMAT is {settings.log_format!r}; write json or console.")
    for each in fields(Settings):
        within, value = each.metadata["within"], getattr(settings, each.name)
        if within and not within[0] <= value <= within[1]:
            raise SetupError(f"AHADI_{each.name.upper()} is {value}; write a number from {within[0]} to {within[1]}.")
    if settings.public_url and not _is_address(settings.public_url):
        raise SetupError(
            f"AHADI_PUBLIC_URL is {settings.public_url!r}; write it with https://, such as https://desk.example.org."
        )
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,200}", settings.mail_domain):
        raise SetupError(f"AHADI_MAIL_DOMAIN is {settings.mail_domain!r}; write a domain, such as power.example.")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _read(environment: Mapping[str, str], name: str) -> str | None:
    if name in environment and f"{name}_FILE" in environment:
        raise SetupError(f"Both {name} and {name}_FILE are set; keep one of them.")
    if f"{name}_FILE" in environment:
        path = Path(environment[f"{name}_FILE"])
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise SetupError(f"{name}_FILE names {path}, which cannot be read: {problem}.") from problem
    return environment.get(name)


def _convert(name: str, text: str, default: Any) -> Any:
    variable = f"AHADI_{name.upper()}"
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[
                text.strip().lower()
            ]
        if isinstance(default, int | float):
            return type(default)(text)
        return Path(text) if isinstance(default, Path) else text
    except (KeyError, ValueError) as problem:
        wanted = "true or false" if isinstance(default, bool) else "a number"
        raise SetupError(f"{variable} is {text!r}; it takes {wanted}.") from problem
