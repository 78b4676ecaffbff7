"""An organisation's single sign-on as its administrators set it up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.text import fold, one_line
from ahadi.directory import provider_store as store
from ahadi.directory.oidc import checked_issuer
from ahadi.directory.permissions import Permission, Role
from ahadi.directory.provider_store import Provider
from ahadi.platform.database import Work
from ahadi.platform.security import Keyring

_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_MOST_DOMAINS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProvider:
    """How people of an organisation are to sign in. A `secret` that is None stays as it is, an empty one goes.

    `makes_people` lets the provider's people in who are not known here yet, with `role`. With `required` nobody comes
    in by other means but `let_in`, an administrator with a password, for the day the provider is down.
    """

    name: str
    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    domains: Sequence[str]
    makes_people: bool = False
    role: str = Role.AGENT
    required: bool = False
    let_in: UUID | None = None


async def provider(work: Work, organisation_id: UUID) -> Provider | None:
    """The organisation's provider, for those who set it up."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    return await store.provider_of(work, organisation_id)


async def set_provider(work: Work, keyring: Keyring, organisation_id: UUID, wanted: WantedProvider) -> Provider:
    """Set up the organisation's single sign-on. Raises Invalid for what cannot be, Conflict for requiring it without
    somebody who could still come in."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    held = await store.provider_of(work, organisation_id)
    issuer, client_id = checked_issuer(wanted.issuer.strip()), wanted.client_id.strip()
    if not client_id or len(client_id) > 255 or not one_line(wanted.name, 60):
        raise Invalid("A provider needs a name that people know it by, and the client id it gave you.")
    if wanted.role not in set(Role) - {Role.ADMINISTRATOR}:
        raise Invalid("Choose what newcomers are; an administrator is made by another administrator only.")
    if wanted.required and (
        wanted.let_in is None or not await store.can_come_in_alone(work, organisation_id, wanted.let_in)
    ):
        raise Conflict("Name an administrator with a password who may still come in when the provider is down.")
    secret = held.secret if held and wanted.secret is None else None
    if wanted.secret:
        secret = keyring.encrypt(wanted.secret)
    now = Provider(
        organisation_id,
        one_line(wanted.name, 60),
        issuer,
        client_id,
        secret,
        _domains(wanted.domains),
        wanted.makes_people,
        str(wanted.role),
        work.real_now,
        wanted.required,
        wanted.let_in if wanted.required else None,
    )
    await store.put_provider(work, now)
    work.record(
        "sign_in.provider_set",
        organisation_id,
        issuer=issuer,
        domains=list(now.domains),
        makes_people=now.makes_people,
        required=now.required,
        let_in=str(now.let_in_id) if now.let_in_id else None,
    )
    return now


def _domains(domains: Sequence[str]) -> list[str]:
    found = sorted({fold(each).lstrip("@") for each in domains if each.strip()})
    wrong = [each for each in found if not _DOMAIN.fullmatch(each)]
    if wrong:
        raise Invalid(f"{one_line(wrong[0], 80)} is no domain of e-mail addresses; write such as power.example.")
    if not found or len(found) > _MOST_DOMAINS:
        raise Invalid("Name the domains of the e-mail addresses that your provider may vouch for.")
    return found


async def remove_provider(work: Work, organisation_id: UUID) -> None:
    """Do without single sign-on; whoever came in by it comes in by other means from now on."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    if not await store.remove_provider(work, organisation_id):
        raise NotFound("No single sign-on is set up here.")
    work.record("sign_in.provider_removed", organisation_id)
