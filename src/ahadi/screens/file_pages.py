"""Files that came with a case's messages: given out as downloads, never shown by our own pages."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from ahadi import cases, contacts
from ahadi.base.errors import NotFound
from ahadi.directory import Permission
from ahadi.platform import files
from ahadi.platform.database import Actor, Database
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.reader import later

router = Router(include_in_schema=False)


@router.get("/cases/{reference}/files/{file_id}")
async def get_file(
    request: Request, reference: str, file_id: UUID, actor: Actor = needs(Permission.CASE_READ)
) -> Response:
    """A file of a message of this case, as a download that no browser opens by itself."""
    async with database_of(request).read(actor) as work:
        case = await cases.get_case(work, reference)
        messages = await contacts.messages_of(work, case.organisation_id, case.id)
        attached = await contacts.attachments_of(work, case.organisation_id, [each.id for each in messages])
        found = next((each for each in attached if each["file_id"] == file_id), None)
        if found is None:
            raise NotFound(later("There is no such file with this case."))
    return download(database_of(request), actor, case.organisation_id, found)


def download(database: Database, actor: Actor, organisation_id: UUID, found: Mapping[str, Any]) -> Response:
    """A file as a download; `found` is its row among a message's attachments."""
    return StreamingResponse(
        _chunks(database, actor, organisation_id, found["file_id"]),
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": disposition(found["name"]),
            "Content-Length": str(found["size"]),
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


async def _chunks(database: Database, actor: Actor, organisation_id: UUID, file_id: UUID) -> AsyncIterator[bytes]:
    position = 0
    while True:
        async with database.read(actor) as work:
            chunk = await files.read_chunk(work, organisation_id, file_id, position)
        if chunk is None:
            return
        yield chunk
        position += 1


def disposition(name: str) -> str:
    """`Content-Disposition` of a download (RFC 6266), with a name that cannot lead anywhere."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)[:100].strip(" .") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.replace('/', '_')[:200], safe='')}"
