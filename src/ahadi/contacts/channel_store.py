"""The SQL of the adapters an organisation sends through."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


async def channel_settings(work: Work, organisation_id: UUID, channel: str) -> bytes | None:
    """The encrypted settings of an organisation's adapter for a channel, or None."""
    found = await work.value(
        "select settings from channel_setting where organisation_id = %(organisation_id)s and channel = %(channel)s",
        {"organisation_id": organisation_id, "channel": channel},
    )
    return bytes(found) if found is not None else None


async def configured_channels(work: Work) -> set[str]:
    """Channels for which any of the actor's organisations has an adapter."""
    rows = await work.rows(
        "select distinct channel from channel_setting where organisation_id = any(%(organisations)s)",
        {"organisations": list(work.actor.organisations)},
    )
    return {row["channel"] for row in rows}


async def put_channel_settings(work: Work, organisation_id: UUID, channel: str, settings: bytes) -> None:
    await work.execute(
        "insert into channel_setting (organisation_id, channel, settings, changed_at) values (%(organisation_id)s,"
        " %(channel)s, %(settings)s, %(now)s) on conflict (organisation_id, channel) do update"
        " set settings = excluded.settings, changed_at = excluded.changed_at",
        {"organisation_id": organisation_id, "channel": channel, "settings": settings, "now": work.now},
    )


@dataclass(frozen=True, slots=True)
class ChannelSet:
    """An adapter that is set; `settings` are encrypted."""

    channel: str
    settings: bytes
    changed_at: datetime


async def channels_set(work: Work, organisation_id: UUID) -> list[ChannelSet]:
    return await work.all(
        ChannelSet,
        "select channel, settings, changed_at from channel_setting where organisation_id = %(organisation_id)s"
        " order by channel",
        {"organisation_id": organisation_id},
    )


async def delete_channel_settings(work: Work, organisation_id: UUID, channel: str) -> bool:
    """Whether there were any."""
    deleted = await work.value(
        "delete from channel_setting where organisation_id = %(organisation_id)s and channel = %(channel)s"
        " returning true",
        {"organisation_id": organisation_id, "channel": channel},
    )
    return bool(deleted)
