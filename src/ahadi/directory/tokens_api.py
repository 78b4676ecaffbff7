"""Tokens over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.directory import tokens
from ahadi.directory.permissions import Permission
from ahadi.directory.token_store import Token
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, listed, needs, organisation_of, perform

router = Router(prefix="/api", tags=["tokens"])


class NewToken(BaseModel):
    organisation: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)]
    days: Annotated[int, Field(ge=1, le=tokens.LONGEST_LIFE_DAYS)] = 365


@router.post("/tokens", status_code=201)
async def post_token(request: Request, body: NewToken, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    """Make a token; its secret is in this answer and nowhere else."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        token, secret = await tokens.create_token(work, organisation_id, body.name, body.scopes, body.days)
        return {**show_token(token), "token": secret}

    return await perform(request, actor, deed, status=201, private=True)


@router.get("/tokens")
async def get_tokens(
    request: Request, page: Paging, organisation: str | None = None, actor: Actor = needs(Permission.TOKENS_EDIT)
) -> Response:
    """An organisation's tokens, the newest first."""
    after = page.after(UUID)
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await tokens.tokens(work, organisation_id, after[0] if after else None, page.limit + 1)
    return listed(found, page, key=lambda token: (token.id,), show=show_token)


@router.delete("/tokens/{token_id}", status_code=204)
async def delete_token(
    request: Request, token_id: UUID, organisation: str | None = None, actor: Actor = needs(Permission.TOKENS_EDIT)
) -> Response:
    """Revoke a token at once."""

    async def deed(work: Work) -> None:
        await tokens.revoke_token(work, await organisation_of(request, work, organisation), token_id)

    return await perform(request, actor, deed, status=204)


def show_token(token: Token) -> dict[str, Any]:
    """A token without its secret, which nobody has any more."""
    return {
        "id": token.id,
        "organisation_id": token.organisation_id,
        "name": token.name,
        "scopes": token.scopes,
        "made_at": iso(token.made_at),
        "expires_at": iso(token.expires_at) if token.expires_at else None,
        "revoked_at": iso(token.revoked_at) if token.revoked_at else None,
        "used_at": iso(token.used_at) if token.used_at else None,
    }
