"""One-time links by mail."""

import re
from datetime import timedelta

import httpx
import pytest

from ahadi.base.clock import FixedClock
from ahadi.channels.fake import FakeChannel
from ahadi.channels.ports import Refused, TryAgain
from ahadi.directory import sign_in as signing
from ahadi.directory.link_mails import mailing_links
from ahadi.main.wiring import Installation
from ahadi.platform import jobs
from ahadi.platform.database import Actor
from tests.main.builders import Somebody, organisation, somebody

LEASE = timedelta(seconds=60)


@pytest.fixture
async def amina(installation: Installation, app: object) -> Somebody:
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")])


async def run_jobs(installation: Installation, channel: FakeChannel | None) -> int:
    handlers = mailing_links(channel, installation.keyring, "https://desk.example")
    return await jobs.run_due(installation.database, handlers, LEASE)


async def test_a_reset_is_mailed_to_whoever_is_known_and_its_link_works(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    channel = FakeChannel("email")
    for address in (amina.email, "nobody@example.org"):
        await client.post("/api/sign-in/reset", json={"email": address})
    while await run_jobs(installation, channel):
        continue
    [mail] = channel.arrived
    assert mail.to == amina.email and mail.headers["Auto-Submitted"] == "auto-generated"
    link = re.search(r"https://desk\.example/welcome/(\S+)", mail.text)
    assert link
    used = await client.post("/api/sign-in/link", json={"link": link[1], "password": "other herons at dusk"})
    assert used.status_code == 200


@pytest.mark.parametrize("purpose", ["invitation", "reset"])
@pytest.mark.parametrize(("language", "word"), [("en", "once"), ("sw", "mara moja"), ("fr", "once")])
async def test_a_link_is_mailed_in_the_person_s_language(
    installation: Installation, amina: Somebody, purpose: signing.Purpose, language: str, word: str
) -> None:
    channel = FakeChannel("email")
    async with installation.database.work(Actor.system([])) as work:
        await work.execute("update person set language = %(language)s", {"language": language})
        signing.mail_link(work, amina.id, purpose)
    await run_jobs(installation, channel)
    [mail] = channel.arrived
    assert word in mail.text and mail.subject and "{" not in mail.text


async def test_without_mail_the_job_waits_visibly_and_goes_out_later(
    installation: Installation, amina: Somebody, clock: FixedClock
) -> None:
    async with installation.database.work(Actor.system([])) as work:
        signing.mail_link(work, amina.id, "invitation")
    await run_jobs(installation, None)
    async with installation.database.read(Actor.system([])) as work:
        assert "AHADI_SMTP_URL" in await work.value("select error from job")
    clock.advance(timedelta(minutes=5))
    channel = FakeChannel("email")
    await run_jobs(installation, channel)
    assert len(channel.arrived) == 1


async def test_a_busy_server_is_tried_again_and_a_refusal_is_final(
    installation: Installation, amina: Somebody, clock: FixedClock
) -> None:
    channel = FakeChannel("email")
    async with installation.database.work(Actor.system([])) as work:
        signing.mail_link(work, amina.id, "invitation")
    channel.will(TryAgain("Busy.", timedelta(minutes=1)), Refused("No such mailbox."))
    await run_jobs(installation, channel)
    clock.advance(timedelta(minutes=2))
    await run_jobs(installation, channel)
    assert await run_jobs(installation, channel) == 0
    assert len(channel.attempts) == 2 and not channel.arrived
