"""What a person decides about what reaches them. Nothing of it is in a journal: it is theirs, and no organisation's."""

from dataclasses import asdict
from uuid import UUID

import orjson

from ahadi.base.errors import Conflict, Forbidden
from ahadi.base.ids import uuid7
from ahadi.notifications import model, store
from ahadi.notifications.model import Browser, Choices, NoSuchBrowser
from ahadi.platform.database import Work
from ahadi.platform.security import hash_secret
from ahadi.platform.transports import web_push
from ahadi.platform.transports.web_push import Subscription

PUSH = "notifications.push"
MOST_BROWSERS = 20


def _person(work: Work) -> UUID:
    """Whoever acts, for themselves. Raises Forbidden for a program, and for somebody in another's name."""
    if work.actor.person_id is None:
        raise Forbidden("Only a person who is signed in may do this; a token cannot.")
    return work.actor.person_id


def _oneself(work: Work) -> UUID:
    person = _person(work)
    if work.actor.behind is not None:
        raise Forbidden("What reaches a person is theirs to choose; nobody does that in their name.")
    return person


async def choices_of(work: Work, zone: str = "UTC") -> Choices:
    """What whoever acts chose; nothing beside the page, on the clock of `zone`, where they never did."""
    person = _person(work)
    return (await store.choices_of(work, [person])).get(person) or Choices(zone=zone)


async def choose(work: Work, choices: Choices) -> None:
    """Choose where and when to be told. Raises Invalid."""
    await store.put_choices(work, _oneself(work), model.checked(choices))


def key_for_browsers(work: Work) -> str:
    """The public key a browser subscribes under (RFC 8292, `applicationServerKey`)."""
    return next(iter(web_push.own_keys(work.house.keys)))


async def browsers_of(work: Work) -> list[Browser]:
    """The browsers whoever acts hears in."""
    return await store.browsers_of(work, _person(work))


async def add_browser(work: Work, subscription: Subscription, own_key: str, agent: str) -> UUID:
    """Hear in this browser from now on, until the sign-in it was added in is ended. Its id.

    Raises Invalid, Conflict where the page is older than the installation's key.
    """
    person = _oneself(work)
    web_push.checked(subscription)
    if own_key not in web_push.own_keys(work.house.keys):
        raise Conflict("The key of this installation has changed; load the page again.")
    sealed = work.house.keys.encrypt(orjson.dumps(asdict(subscription)).decode())
    kept = store.Kept(uuid7(), person, sealed, own_key, None)
    hashed = hash_secret(subscription.endpoint)
    found = await store.put_browser(work, kept.id, person, work.actor.session_id, hashed, kept, agent[:300])
    await store.drop_oldest_browsers(work, person, MOST_BROWSERS)
    return found


async def remove_browser(work: Work, browser_id: UUID) -> None:
    """Hear in that browser no more. Raises NoSuchBrowser."""
    if not await store.drop_browser(work, _oneself(work), browser_id):
        raise NoSuchBrowser("There is no such browser, or it was removed already.")


async def remove_browser_at(work: Work, endpoint: str) -> None:
    """Hear in the browser at this address no more, where one did."""
    await store.drop_browser_at(work, _oneself(work), hash_secret(endpoint))


async def try_browsers(work: Work) -> int:
    """Send a trial to each of one's browsers, whatever the hour; to how many."""
    person = _oneself(work)
    browsers = await store.browsers_of(work, person)
    for each in browsers:
        work.enqueue(PUSH, None, key=f"{PUSH} trial {each.id}", person=str(person), browser=str(each.id))
    return len(browsers)
