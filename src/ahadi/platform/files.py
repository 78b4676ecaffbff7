"""Files: kept in chunks in a table of their own, in the transaction of what they belong to."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.base.ids import uuid7
from ahadi.platform.database import Work

CHUNK = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class File:
    """A stored file: its size in bytes and its type as we judged it."""

    id: UUID
    media_type: str
    size: int
    sha256: bytes


async def keep_file(work: Work, organisation_id: UUID, data: bytes, media_type: str) -> UUID:
    """Store a file with this transaction; its id."""
    id_ = uuid7()
    await work.execute(
        "insert into file (organisation_id, id, media_type, size, sha256, made_at) values (%(organisation_id)s,"
        " %(id)s, %(media_type)s, %(size)s, %(sha256)s, %(now)s)",
        {
            "organisation_id": organisation_id,
            "id": id_,
            "media_type": media_type,
            "size": len(data),
            "sha256": hashlib.sha256(data).digest(),
            "now": work.now,
        },
    )
    await work.many(
        "insert into file_chunk (organisation_id, file_id, position, data)"
        " values (%(organisation_id)s, %(id)s, %(position)s, %(data)s)",
        [
            {"organisation_id": organisation_id, "id": id_, "position": at // CHUNK, "data": data[at : at + CHUNK]}
            for at in range(0, len(data), CHUNK)
        ],
    )
    return id_


async def get_file(work: Work, organisation_id: UUID, file_id: UUID) -> File:
    """What is known of a file. Raises NotFound."""
    found = await work.one(
        File,
        "select id, media_type, size, sha256 from file where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": file_id},
    )
    if found is None:
        raise NotFound("There is no such file that you may see.")
    return found


async def read_chunk(work: Work, organisation_id: UUID, file_id: UUID, position: int) -> bytes | None:
    """One chunk of a file, or None after its last."""
    data = await work.value(
        "select data from file_chunk where organisation_id = %(organisation_id)s and file_id = %(id)s"
        " and position = %(position)s",
        {"organisation_id": organisation_id, "id": file_id, "position": position},
    )
    return bytes(data) if data is not None else None


async def read_file(work: Work, organisation_id: UUID, file_id: UUID) -> bytes:
    """A file's whole content."""
    parts: list[bytes] = []
    while (part := await read_chunk(work, organisation_id, file_id, len(parts))) is not None:
        parts.append(part)
    return b"".join(parts)
