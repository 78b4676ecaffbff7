"""One installation for the journeys of a test process; one organisation for each journey."""

import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.channels.sms.gateway import Gateway, a_gateway
from tests.journeys.parts import Installation, Sink, a_sink, an_installation, eventually, numbers
from tests.journeys.setup import setup_file

NAIROBI = ZoneInfo("Africa/Nairobi")
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
PASSWORD = "seven quiet herons"
SMS_SECRET = "whsec_" + base64.b64encode(b"a secret of 24 characters").decode()
_count = numbers()


@pytest.fixture(scope="session")
async def sink() -> AsyncIterator[tuple[Sink, int]]:
    """The mail server of the whole world, and its port."""
    async with a_sink() as opened:
        yield opened


@pytest.fixture(scope="session")
async def installation(sink: tuple[Sink, int]) -> AsyncIterator[Installation]:
    """An installation as processes of its own; the doctor finds it well when the journeys are over."""
    async with an_installation(sink[1]) as running:
        yield running
        code, printed, complained = await running.command("doctor", "--json")
        assert code == 0, f"the doctor found {printed or complained}"


class Organisation:
    """An organisation on the installation, and a program that has a token of it."""

    def __init__(self, installation: Installation, post: Sink, slug: str, prefix: str, client: httpx.AsyncClient):
        self.installation, self.post, self.slug, self.prefix, self.client = installation, post, slug, prefix, client
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.browsers: dict[str, httpx.AsyncClient] = {}

    # Over HTTP -----------------------------------------------------------------------------------------------

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post_to(self, path: str, body: Any = None, status: int | None = None, **headers: str) -> Any:
        answer = await self.client.post(path, json=body, headers=headers)
        expected = (200, 201, 202, 204) if status is None else (status,)
        assert answer.status_code in expected, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def contact(self, channel: str, text: str, **more: Any) -> Any:
        """Somebody gets in touch; `name`, `phone` and `email` are theirs."""
        sender = {name: more.pop(name) for name in ("name", "phone", "email") if name in more}
        return await self.post_to("/api/contacts", {"channel": channel, "from": sender, "text": text, **more}, 201)

    async def touch(self, reference: str, **query: str) -> Any:
        return await self.get(f"/api/cases/{reference}/touch", **query)

    async def case(self, reference: str) -> Any:
        return await self.get(f"/api/cases/{reference}")

    async def promises(self, reference: str, state: str | None = None) -> list[Any]:
        query = {"case": reference} | ({"state": state} if state else {})
        items: list[Any] = (await self.get("/api/promises", **query))["items"]
        return items

    async def messages(self, reference: str) -> list[Any]:
        items: list[Any] = (await self.get(f"/api/cases/{reference}/messages"))["items"]
        return items

    async def settle_everything(self) -> None:
        """End what is open, so that later journeys do not watch over it."""
        while items := (await self.get("/api/cases", state="open", organisation=self.slug, limit=200))["items"]:
            for each in items:
                open_ = [promise["id"] for promise in await self.promises(each["reference"], "open")]
                await self.post_to(f"/api/cases/{each['reference']}/resolve", {"withdraw": open_})

    # The clock -----------------------------------------------------------------------------------------------

    async def at(self, day: str, time: str) -> datetime:
        """Business time becomes the next such day and time in Nairobi; what falls due until then happens."""
        here = self.now.astimezone(NAIROBI)
        hour, minute = map(int, time.split(":"))
        wanted = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        wanted += timedelta(days=(DAYS.index(day) - wanted.weekday()) % 7)
        if wanted <= here:
            wanted += timedelta(days=7)
        return await self.until(wanted)

    def local(self, time: str, days: int = 0) -> datetime:
        """A time of day in Nairobi, today or so many days on."""
        hour, minute = map(int, time.split(":"))
        day = self.now.astimezone(NAIROBI) + timedelta(days=days)
        return day.replace(hour=hour, minute=minute, second=0, microsecond=0)

    async def later(self, **span: float) -> datetime:
        return await self.until(self.now + timedelta(**span))

    async def until(self, moment: datetime) -> datetime:
        answer = await self.post_to("/api/clock", {"now": moment.isoformat()})
        self.now = datetime.fromisoformat(answer["now"])
        return self.now

    async def read_clock(self) -> None:
        """Learn where other journeys left the clock: it never goes back, and says so."""
        refused = await self.client.post("/api/clock", json={"now": "2026-01-01T00:00:00Z"})
        if refused.status_code == 409:
            self.now = datetime.fromisoformat(refused.json()["now"])
        else:
            assert refused.status_code == 200, refused.text

    # People --------------------------------------------------------------------------------------------------

    async def sign_in(self, name: str) -> httpx.AsyncClient:
        """A browser in which somebody came in by a one-time link and chose a password."""
        if name not in self.browsers:
            invited = await self.post_to(f"/api/people/{self.person(name)}/invite")
            await self.come_in(name, invited["link"])
        return self.browsers[name]

    async def come_in(self, name: str, link: str) -> httpx.AsyncClient:
        """Use a one-time link."""
        browser = self.browsers[name] = self.installation.client(Origin=self.installation.address)
        secret = link.rpartition("/")[2]
        answer = await browser.post("/api/sign-in/link", json={"link": secret, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return browser

    async def notices(self, name: str) -> list[tuple[str, str | None]]:
        """What somebody has not seen yet: kind, and the other person it names; newest first."""
        found = (await (await self.sign_in(name)).get("/api/notices")).json()["items"]
        return [(each["kind"], each["other"] and each["other"]["name"]) for each in found]

    def person(self, name: str) -> str:
        """Somebody's short name."""
        return f"{self.slug}-{name}"

    async def presence(self, word: str, *names: str) -> None:
        for name in names:
            answer = await self.client.put(f"/api/people/{self.person(name)}/presence", json={"presence": word})
            assert answer.status_code == 200, answer.text


async def an_organisation(installation: Installation, post: Sink, name: str, **setup: str) -> Organisation:
    """A new organisation, set up by `ahadi apply` and reached with a token from `ahadi token create`."""
    number = next(_count)
    slug = f"{name}{number}"
    prefix = f"{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}{'ABCDEFGH'[number // 676]}"
    file = installation.data.parent / f"{slug}.yaml"
    file.write_text(setup_file(slug, prefix, **setup), encoding="utf-8")
    await installation.ahadi("apply", str(file))
    token = await installation.token(slug)
    client = installation.client(Authorization=f"Bearer {token}")
    made = Organisation(installation, post, slug, prefix, client)
    await made.read_clock()
    return made


@pytest.fixture(scope="module")
async def organisation(
    request: pytest.FixtureRequest, installation: Installation, sink: tuple[Sink, int]
) -> AsyncIterator[Organisation]:
    """The organisation of a journey; a module may say in RULES or MORE what else is in its file."""
    name = re.sub(r"[^a-z]", "", request.module.__name__.rpartition("test_")[2])[:12]
    setup = {key.lower(): getattr(request.module, key) for key in ("RULES", "MORE") if hasattr(request.module, key)}
    made = await an_organisation(installation, sink[0], name, **setup)
    yield made
    await made.settle_everything()
    for each in (made.client, *made.browsers.values()):
        await each.aclose()


class Phones:
    """The phones of the world, behind a small SMS gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def texts(self, number: str) -> list[str]:
        """What a phone got so far, in order."""
        return [each["text"] for each in self.gateway.arrived if each["to"] == number]

    async def text(self, number: str, *saying: str) -> str:
        """The newest text on a phone that says all of this; waits for it."""

        async def found() -> str | None:
            return next((each for each in reversed(self.texts(number)) if all(s in each for s in saying)), None)

        text: str = await eventually(found, f"a text to {number} saying {saying}; it got {self.texts(number)}: that")
        return text


@pytest.fixture(scope="module")
async def phones(organisation: Organisation) -> AsyncIterator[Phones]:
    """The organisation sends and takes text messages through a gateway."""
    async with a_gateway(honours="Idempotency-Key") as gateway:
        settings = {
            "url": gateway.url,
            "plain_http": True,
            "auth_value": "Bearer key",
            "sender": "POWER",
            "idempotency_header": "Idempotency-Key",
            "webhook": {"secret": SMS_SECRET},
        }
        answer = await organisation.client.put("/api/channels/sms", json={"settings": settings})
        assert answer.status_code == 200, answer.text
        yield Phones(gateway)
        await organisation.client.delete("/api/channels/sms")


@pytest.fixture
def post(sink: tuple[Sink, int]) -> Sink:
    """The mail server of the whole world."""
    return sink[0]
