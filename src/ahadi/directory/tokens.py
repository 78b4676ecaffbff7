"""API tokens: a program's access to one organisation, shown once, kept as a hash, with scopes and an end."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ahadi.base.errors import Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import one_line
from ahadi.directory import token_store as store
from ahadi.directory.permissions import ALL, Permission, permissions_of_scopes
from ahadi.directory.token_store import Token
from ahadi.platform.database import Work
from ahadi.platform.security import hash_secret, new_secret

LONGEST_LIFE_DAYS = 730


async def create_token(
    work: Work, organisation_id: UUID, name: str, scopes: Sequence[str], days: int
) -> tuple[Token, str]:
    """Make a token for the organisation that lasts `days` days of real time; also its secret, never shown again.

    Nobody gives away more than they hold: raises Forbidden naming the scopes that go beyond.
    """
    work.permit(organisation_id, Permission.TOKENS_EDIT)
    wanted = permissions_of_scopes(scopes)
    beyond = sorted(each for each in wanted if not work.actor.may(organisation_id, each))
    if beyond:
        raise Forbidden(f"A token cannot do more than its maker: leave out {', '.join(beyond)}.", scopes=beyond)
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise Invalid(f"A token lasts 1 to {LONGEST_LIFE_DAYS} days.")
    secret = new_secret("aht")
    ends = work.real_now + timedelta(days=days)
    kept = [ALL] if ALL in scopes else sorted(map(str, wanted))
    token = Token(uuid7(), organisation_id, one_line(name, 80), kept, work.real_now, ends, None)
    await store.add_token(work, token, hash_secret(secret), work.actor.person_id)
    work.record("token.created", organisation_id, subject_id=token.id, scopes=kept)
    return token, secret


async def tokens(work: Work, organisation_id: UUID, after: UUID | None, limit: int) -> list[Token]:
    """The organisation's tokens, the newest first, without their secrets."""
    work.permit(organisation_id, Permission.TOKENS_EDIT)
    return await store.tokens(work, organisation_id, after, limit)


async def revoke_token(work: Work, organisation_id: UUID, token_id: UUID) -> None:
    """End a token at once; what it holds open ends within seconds."""
    work.permit(organisation_id, Permission.TOKENS_EDIT)
    if not await store.revoke_token(work, organisation_id, token_id):
        raise NotFound("There is no such token in this organisation.")
    work.record("token.revoked", organisation_id, subject_id=token_id)
