"""An organisation's SMS gateway: set by who may, kept encrypted, shown without its secrets."""

from typing import Any

import httpx
import pytest

from ahadi.contacts.channel_store import channel_settings
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import an_organisation
from tests.main.builders import bearer

KEY, SECRET = "Bearer s3cret-key-of-the-gateway", "whsec_c2VjcmV0LW9mLXRoZS13ZWJob29rLTI0"
GATEWAY: dict[str, Any] = {
    "url": "https://gateway.example/v1/messages",
    "auth_value": KEY,
    "sender": "POWER",
    "idempotency_header": "Idempotency-Key",
    "webhook": {"secret": SECRET, "delivered_states": ["delivered", "read"]},
}


@pytest.fixture
async def headers(app: Any, installation: Any) -> dict[str, str]:
    async with installation.database.work(system()) as work:
        await an_organisation(work, ORGANISATION)
    return await bearer(installation.database, ORGANISATION)


async def put(client: httpx.AsyncClient, headers: dict[str, str], **changes: Any) -> httpx.Response:
    return await client.put("/api/channels/sms", json={"settings": GATEWAY | changes}, headers=headers)


async def test_settings_are_kept_encrypted_and_shown_without_secrets(
    client: httpx.AsyncClient, headers: dict[str, str], installation: Any
) -> None:
    assert (await put(client, headers)).json() == {"channel": "sms", "takes_messages": True}
    shown = await client.get("/api/channels", headers=headers)
    (held,) = shown.json()["items"]
    assert held["settings"]["url"] == GATEWAY["url"] and held["settings"]["sender"] == "POWER"
    assert held["settings"]["webhook"]["delivered_states"] == ["delivered", "read"]
    assert KEY not in shown.text and SECRET not in shown.text and "auth_value" not in held["settings"]
    async with installation.database.read(system()) as work:
        stored = await channel_settings(work, ORGANISATION, "sms")
        journal = await work.value("select facts::text from journal where kind = 'channel.set'")
    assert stored and KEY.encode() not in stored and SECRET.encode() not in stored
    assert KEY not in journal and SECRET not in journal


async def test_the_worker_sends_through_what_was_set(
    client: httpx.AsyncClient, headers: dict[str, str], installation: Any
) -> None:
    from ahadi.channels import Surroundings
    from ahadi.main.post import InstalledPost

    database = installation.database
    async with httpx.AsyncClient() as outgoing:
        surroundings = Surroundings(outgoing, database.clock.real)
        post = InstalledPost(database, installation.settings, installation.keyring, surroundings)
        assert "sms" not in await post.channels([ORGANISATION])
        await put(client, headers)
        assert "sms" in await post.channels([ORGANISATION])
        assert (await client.delete("/api/channels/sms", headers=headers)).status_code == 204
        assert "sms" not in await post.channels([ORGANISATION])
    assert (await client.delete("/api/channels/sms", headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://gateway.example"}, "https://"),
        ({"auth_value": "two\nlines"}, "plain ASCII"),
        ({"colour": "blue"}, "colour"),
        ({"webhook": {"secret": "short"}}, "secret"),
    ],
)
async def test_what_cannot_work_is_refused_without_repeating_a_secret(
    client: httpx.AsyncClient, headers: dict[str, str], changes: dict[str, Any], said: str
) -> None:
    refused = await put(client, headers, **changes)
    assert refused.status_code == 422 and said in refused.json()["detail"]
    assert KEY not in refused.text and SECRET not in refused.text and "two\\nlines" not in refused.text


async def test_only_who_may_edit_settings_sets_a_gateway(
    client: httpx.AsyncClient, headers: dict[str, str], installation: Any
) -> None:
    worker = await bearer(installation.database, ORGANISATION, ["case.work"])
    assert (await put(client, worker)).status_code == 403
    assert (await client.get("/api/channels", headers=worker)).status_code == 403
