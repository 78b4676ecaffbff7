"""The adapters an organisation sends through: set by an administrator, kept encrypted, secrets never given back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, SecretStr, ValidationError

from ahadi.base.errors import Invalid, NotFound
from ahadi.channels.sms import SmsSettings
from ahadi.contacts import channel_store
from ahadi.platform.database import Work


async def set_sms(work: Work, organisation_id: UUID, settings: SmsSettings) -> None:
    """Send and take text messages through this gateway from now on."""
    work.permit(organisation_id, "settings.edit")
    written = orjson.dumps(settings.model_dump(), default=_plain).decode()
    await channel_store.put_channel_settings(work, organisation_id, "sms", work.house.keys.encrypt(written))
    work.record("channel.set", organisation_id, channel="sms", takes_messages=settings.webhook is not None)


def sms_settings_from(given: Mapping[str, Any]) -> SmsSettings:
    """Settings as an administrator gives them. Raises Invalid naming what is wrong, never its value."""
    try:
        return SmsSettings.model_validate(dict(given))
    except ValidationError as problem:
        wrong = problem.errors(include_url=False, include_context=False, include_input=False)
        problems = [{"at": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in wrong]
        first = problems[0]
        raise Invalid(
            f"{first['at'] or 'The settings'}: {first['problem'].removeprefix('Value error, ')}; correct it.",
            problems=problems,
        ) from problem


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


async def remove_channel(work: Work, organisation_id: UUID, channel: str) -> None:
    """Send nothing through the adapter any more: messages wait until another is set. Raises NotFound."""
    work.permit(organisation_id, "settings.edit")
    if not await channel_store.delete_channel_settings(work, organisation_id, channel):
        raise NotFound("No adapter is set for this channel.")
    work.record("channel.removed", organisation_id, channel=channel)


async def sms_settings(work: Work, organisation_id: UUID) -> SmsSettings | None:
    """The gateway of an organisation; None where there is none, or its settings no longer fit.

    Raises SetupError when the installation's secret key cannot read it.
    """
    stored = await channel_store.channel_settings(work, organisation_id, "sms")
    return read_sms_settings(work.house.keys.decrypt(stored)) if stored is not None else None


def read_sms_settings(written: str) -> SmsSettings | None:
    """Settings as they were written; None where they no longer fit."""
    try:
        return SmsSettings.model_validate(orjson.loads(written))
    except ValidationError:
        return None


async def channels_of(work: Work, organisation_id: UUID) -> Sequence[dict[str, Any]]:
    """The adapters that are set, without anything secret."""
    work.permit(organisation_id, "settings.edit")
    shown = []
    for row in await channel_store.channels_set(work, organisation_id):
        found = read_sms_settings(work.house.keys.decrypt(row.settings)) if row.channel == "sms" else None
        shown.append(_shown(row.channel, row.changed_at, found))
    return shown


def _shown(channel: str, changed_at: datetime, settings: SmsSettings | None) -> dict[str, Any]:
    return {
        "channel": channel,
        "changed_at": changed_at,
        "settings": _without_secrets(settings) if settings else None,
        "takes_messages": settings is not None and settings.webhook is not None,
    }


def _without_secrets(settings: BaseModel) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            shown[name] = _without_secrets(value)
        elif not isinstance(value, SecretStr):
            shown[name] = value
    return shown
