"""Files that customers bring with what they say, in a chat or on their own page: judged, named safely, kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.channels.email import Limits, attachment, within
from ahadi.contacts import Attached
from ahadi.platform.database import Work
from ahadi.platform.files import keep_file

FILES = Limits(attachment=10 * 1024 * 1024, attachments=5, attachments_together=20 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser sends it: the name and type it claims, and its bytes."""

    name: str
    declared: str
    data: bytes


async def keep_uploads(work: Work, organisation_id: UUID, files: Sequence[Upload]) -> tuple[Attached, ...]:
    """Keep the files, with the type they really are of. Raises Invalid where they are too many or too large."""
    read = [attachment(f.data, f.declared, f.name, "", inline=False, limits=FILES) for f in files]
    judged = within(read, FILES)
    left_out = next((each.left_out for each in judged if each.left_out), None)
    if left_out:
        raise Invalid(f"At most 5 files of 10 MiB each, and 20 MiB together, are taken with a message. {left_out}")
    return tuple([Attached(await keep_file(work, organisation_id, f.data, f.media_type), f.name) for f in judged])
