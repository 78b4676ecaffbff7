"""The customer's page: a link that is signed, expires, and is revoked by raising the case's link version."""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.cases import actions, store
from ahadi.cases.model import Case
from ahadi.platform.database import Actor, Work
from ahadi.platform.security import Keyring

_PURPOSE = "customer page"
VALID_AFTER_RESOLVED = timedelta(days=60)


class LinkNotValid(NotFound):
    """The link was not made here, was revoked, or its case ended long ago."""

    code = "link-not-valid"

    def __init__(self) -> None:
        super().__init__("This link is no longer valid; contact us with your reference and we will send a new one.")


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link names. Only believed once the case's link version was compared."""

    organisation_id: UUID
    case_id: UUID
    version: int

    def actor(self) -> Actor:
        """The customer behind the link: may see and add to this one case."""
        granted = frozenset({"case.own"})
        return Actor("customer", self.case_id, {self.organisation_id: granted}, case_id=self.case_id)


def _pack(*parts: bytes) -> str:
    return base64.urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")


async def customer_link(work: Work, case: Case) -> str:
    """The address of the customer's own page of a case."""
    version = await store.link_version(work, case.organisation_id, case.id) or 1
    return link_to(work, case.organisation_id, case.id, version)


def link_to(work: Work, organisation_id: UUID, case_id: UUID, version: int) -> str:
    """The address for a known link version (1 for a case that was only just opened)."""
    text = _pack(organisation_id.bytes, case_id.bytes, version.to_bytes(2))
    return f"{work.house.public_url}/c/{work.house.keys.sign(_PURPOSE, text)}"


def read_link(keyring: Keyring, token: str) -> Linked:
    """What a token names, if it was signed here. Raises LinkNotValid."""
    text = keyring.verify(_PURPOSE, token) if len(token) < 200 else None
    if text is None:
        raise LinkNotValid
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as problem:
        raise LinkNotValid from problem
    if len(data) != 34:
        raise LinkNotValid
    return Linked(UUID(bytes=data[:16]), UUID(bytes=data[16:32]), int.from_bytes(data[32:]))


async def open_link(work: Work, linked: Linked) -> Case:
    """The case of a link. Raises LinkNotValid when it was revoked or the case ended long ago."""
    case = await store.find(work, linked.case_id)
    version = await store.link_version(work, linked.organisation_id, linked.case_id)
    if case is None or version != linked.version:
        raise LinkNotValid
    if case.resolved_at and case.resolved_at + VALID_AFTER_RESOLVED < work.now:
        raise LinkNotValid
    return case


async def revoke_link(work: Work, reference: str) -> None:
    """Make every link given out so far worthless; the next message carries a new one."""
    case = await actions.lock_case(work, reference)
    await store.raise_link_version(work, case.organisation_id, case.id)
    work.record("case.link_revoked", case.organisation_id, case_id=case.id, reference=case.reference)
