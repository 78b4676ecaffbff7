"""Notifications: what a person must see reaches them away from the page too, where and when they chose."""

from ahadi.notifications.actions import (
    MOST_BROWSERS,
    PUSH,
    add_browser,
    browsers_of,
    choices_of,
    choose,
    key_for_browsers,
    remove_browser,
    remove_browser_at,
    try_browsers,
)
from ahadi.notifications.model import (
    ABOUT,
    DIGESTS,
    WAYS,
    About,
    Browser,
    Choices,
    Digest,
    NoSuchBrowser,
    Quiet,
    Told,
    Way,
)
from ahadi.notifications.sending import MAIL, Wording, gather_mails, sending
from ahadi.notifications.store import forget_old, forget_old_mails
from ahadi.notifications.telling import follower

__all__ = [
    "ABOUT",
    "DIGESTS",
    "MAIL",
    "MOST_BROWSERS",
    "PUSH",
    "WAYS",
    "About",
    "Browser",
    "Choices",
    "Digest",
    "NoSuchBrowser",
    "Quiet",
    "Told",
    "Way",
    "Wording",
    "add_browser",
    "browsers_of",
    "choices_of",
    "choose",
    "follower",
    "forget_old",
    "forget_old_mails",
    "gather_mails",
    "key_for_browsers",
    "remove_browser",
    "remove_browser_at",
    "sending",
    "try_browsers",
]
