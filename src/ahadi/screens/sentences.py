"""What went wrong, told to a reader in their language. Errors come with an English sentence from the packages below.

Where their code says enough, the sentence is made anew here, with times on the reader's clock. The others are
translated as they stand: whole, or around the places where values stand. A test compares them with their sources.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ahadi.base.errors import AhadiError, Forbidden, TooMany, Unavailable
from ahadi.cases import (
    CaseAlreadyOpen,
    CaseAlreadyResolved,
    DueInThePast,
    NoSuchCase,
    NoSuchPromise,
    PromiseAlreadySettled,
    PromiseLapsed,
    PromisesStillOpen,
)
from ahadi.contacts import MessageSettled, TemplateRefused
from ahadi.directory.sign_in import CodeNeeded, LinkUsedUp
from ahadi.rota import RotaCosts
from ahadi.screens import moments
from ahadi.screens.reader import _, known_text, later, ngettext
from ahadi.screens.rota_wording import costs_text
from ahadi.screens.rule_sentences import RULES, RULES_WITH_PLACES
from ahadi.screens.template_sentences import TEMPLATES, TEMPLATES_WITH_PLACES


def sentence(code: str, detail: str, fields: Mapping[str, Any]) -> str:
    """What went wrong, in the reader's language where we have the words, with times on the reader's clock."""
    if told := BY_CODE.get(code):
        return told(fields)
    if (known := known_text(detail)) and known != detail:
        return known
    for pattern, text in _patterns():
        if found := pattern.fullmatch(detail):
            return _(text) % {name: _within(name, value) for name, value in found.groupdict().items()}
    return _(detail)


def _within(place: str, value: str) -> str:
    """What stands in a place of a sentence: itself, or a sentence of its own."""
    return sentence("", value, {}) if place in ("hint", "why", "kind") else value


def problem_text(problem: AhadiError) -> str:
    """What went wrong with what somebody did."""
    return sentence(problem.code, problem.sentence, problem.fields)


def _refused(fields: Mapping[str, Any]) -> str:
    """The first thing that is wrong with a template, and how many more there are."""
    problems = fields.get("problems") or [{"part": "body", "line": 1, "sentence": ""}]
    told = template_problem(problems[0]["part"], problems[0]["line"], problems[0]["sentence"])
    more = len(problems) - 1
    if more:
        told += " " + ngettext("(%(n)s more problem.)", "(%(n)s more problems.)", more) % {"n": more}
    return told


def template_problem(part: str, line: int, said: str) -> str:
    """Why words cannot be saved: in which part, on which line, and what to do."""
    return _("Line %(line)s of the %(part)s: %(sentence)s") % {
        "line": line,
        "part": {"subject": _("subject"), "body": _("text")}.get(part, part),
        "sentence": sentence("", said, {}),
    }


BY_CODE: dict[str, Callable[[Mapping[str, Any]], str]] = {
    CodeNeeded.code: lambda _fields: _("Enter the code your authenticator app shows."),
    LinkUsedUp.code: lambda _fields: _("This link was used before or has expired; ask for a new one."),
    CaseAlreadyResolved.code: lambda _fields: _("This case is resolved; reopen it first."),
    CaseAlreadyOpen.code: lambda _fields: _("This case is open already."),
    TemplateRefused.code: _refused,
    NoSuchCase.code: lambda _fields: _("There is no such case that you may see; check the reference."),
    NoSuchPromise.code: lambda _fields: _("There is no such promise that you may see."),
    PromiseAlreadySettled.code: lambda _fields: _("This promise was settled already, perhaps by a colleague just now."),
    PromiseLapsed.code: lambda fields: _(
        "This promise was due {when} and has lapsed; settle the recovery promise that takes its place."
    ).replace("{when}", moments.clock(fields["due_at"])),
    RotaCosts.code: costs_text,
    PromisesStillOpen.code: lambda _fields: _("Say of each open promise whether it is kept or withdrawn."),
    DueInThePast.code: lambda _fields: _("That time has passed already; choose a later one."),
    MessageSettled.code: lambda fields: (
        _("The message has gone out already.")
        if fields.get("state") in ("sending", "sent")
        else _("This message was decided already, perhaps by a colleague just now.")
    ),
    Forbidden.code: lambda _fields: _("This is not yours to do; ask a manager or an administrator."),
    TooMany.code: lambda fields: ngettext(
        "Too many attempts; try again in a minute.",
        "Too many attempts; try again in {n} minutes.",
        minutes := int(fields.get("retry_after", 60)) // 60 + 1,
    ).replace("{n}", str(minutes)),
    Unavailable.code: lambda _fields: _("A part we depend on does not answer; try again in a moment."),
}

FROM_BELOW = (
    *RULES,
    *TEMPLATES,
    later("This time was just taken; choose another one."),
    later("There is no such booking that you may see, or it is over."),
    later("Say with whom."),
    later("Choose a department."),
    later("A booking takes from one minute to eight hours."),
    later("Say on which number we are to call."),
    later("This promise is no call back."),
    later("The e-mail address or the password is wrong; try again, or ask for a new password."),
    later("The code is wrong or was used before; wait for the next one and try again."),
    later("The password is wrong; try again."),
    later("This passkey is somebody else's; show one of your own."),
    later("You have no authenticator app set up; show your passkey."),
    later("Show your passkey as well."),
    later("This passkey is not known here; sign in another way."),
    later("This was asked too long ago, or was answered before; try again."),
    later("The passkey does not fit; try again, or sign in another way."),
    later("This passkey may have been copied, so it is refused; sign in another way and remove it."),
    later("This passkey was used at the same moment elsewhere; try again."),
    later("This passkey is kept already."),
    later("There is no such passkey, or it was removed already."),
    later("There is no such browser, or it was forgotten already."),
    later("No authenticator is set up."),
    later("You signed in a while ago; sign out and in again, then do this at once."),
    later("You act in another's name; what they sign in with is theirs alone."),
    later("You signed in by one organisation's single sign-on and serve others too; sign in otherwise to change this."),
    later("Your organisation has its people sign in by its own single sign-on; choose that."),
    later("A provider is reached by https; write its address as https://id.example.org."),
    later("An issuer is an address without query, fragment or name; copy it from your provider."),
    later("The provider calls itself by another address; copy its issuer to the last slash."),
    later("The provider signs in no way that is taken here; have it use RS256 or ES256."),
    later("The provider's keys cannot be read; ask whoever keeps it."),
    later("The provider did not describe itself at its address; check the issuer."),
    later("The answer came from another provider; begin again."),
    later("The provider sent no identity; begin again."),
    later("The provider contradicts itself about who signed in; begin again."),
    later("The provider's answer is not in order; begin again."),
    later("The provider takes the sign-in back; begin again."),
    later("The sign-in service does not answer; try again in a moment, or sign in another way."),
    later("No single sign-on is set up for this address; sign in by password or passkey."),
    later("No single sign-on is set up here."),
    later("The single sign-on was changed meanwhile; begin again."),
    later("The provider did not sign you in; begin again, or sign in another way."),
    later("You do not serve this organisation any more; ask an administrator."),
    later("This sign-in was begun elsewhere, too long ago, or was used before; begin again."),
    later("Your provider does not vouch for an e-mail address of this organisation; ask an administrator."),
    later("Nobody here has the e-mail address your provider vouches for; ask to be invited."),
    later("Your provider knew you as somebody else before; ask an administrator."),
    later("A provider needs a name that people know it by, and the client id it gave you."),
    later("Choose what newcomers are; an administrator is made by another administrator only."),
    later("Name an administrator with a password who may still come in when the provider is down."),
    later("Name the domains of the e-mail addresses that your provider may vouch for."),
    later("Only a person who is signed in as themselves acts in another's name."),
    later("Say why, in a few words: the person will read it."),
    later("Choose for how long."),
    later("You may act in the name of people of this organisation who stand lower than you."),
    later("You act in another's name already; end that first."),
    later("You act in nobody's name."),
    later("What a customer allows us is not asked or changed in another's name; do it as yourself."),
    later("Your time to act in another's name is over, so nothing was done; open the page again as yourself."),
    later("The code is wrong; check the clock of your device and enter the next one."),
    later("The password is easily guessed; choose other words, not names, rows of keys or repeats."),
    later("An authenticator is set up already; remove it first."),
    later("Begin by asking for a new authenticator."),
    later("There is no such session, or it has ended."),
    later("Choose a password to go with the link."),
    later("There is nobody of that name in the demo."),
    later("The note is empty; write what colleagues should know."),
    later("Say why the promise is withdrawn."),
    later("Say in which words the customer was told."),
    later("The customer has not been told of the new time; say how they were told."),
    later("Name either a person or a department."),
    later("Say which department is wanted."),
    later("Say which contacts go into the new case, and what it is about."),
    later("A part of the contacts of this case can be split off: neither others nor all of them."),
    later("A case can be merged into another case of the same organisation."),
    later("Only a message whose outcome is uncertain can be marked as sent."),
    later("There is no address to send this to; add one."),
    later("The message is empty; write what the customer should read."),
    later("An e-mail needs a subject; write one."),
    later("This is not a telephone number; write it with its country code, such as +254 712 345678."),
    later("This is not an e-mail address; write it like name@example.org."),
    later("These two are one person already."),
    later("The data of one of the two was erased; there is nothing to merge."),
    later("This customer's data was erased; make a new customer instead."),
    later("There is no such customer, or you have no access to it."),
    later("Name it with small letters, digits and hyphens, such as on-the-way."),
    later("Say in which language it is, such as en or sw."),
    later("There is no such canned reply."),
    later("There is no such macro that you may see."),
    later("There is no such macro for this case."),
    later("Give the macro a name."),
    later("A macro does at least one thing; say what."),
    later("Say within what time it is promised, such as 4h or 2d."),
    later("Another macro has this name; choose another."),
    later("Only a person who is signed in has a desk."),
    later("This is too long; shorten it."),
    later("There is no such file that you may see."),
    later("Write the colour as # and six digits, such as #1f5f8b."),
    later("This is no address of a website; write it like https://www.power.example."),
    later("This picture is too large; make it smaller."),
    later("Give the picture as a PNG file."),
    later("This picture is damaged; save it again."),
    later("This kind of PNG is not taken; save it as an ordinary one, not interlaced."),
    later("This picture has too many pixels; make it smaller."),
    later("There is no such kind of notice, or no such way to hear of it."),
    later("A notice comes by mail at once or in the digest, not both."),
    later("A digest comes every hour or in the morning."),
    later("Quiet hours begin and end at different times; to be told nothing, choose no way at all."),
    later("This browser's subscription cannot be read; switch it off and on again."),
    later("The key of this installation has changed; load the page again."),
    later("There is no such browser, or it was removed already."),
    later("There is nothing at this address; check it."),
    later("The request cannot be read; correct it and send it again."),
    later("The request is larger than is taken at once; send less."),
    later("A value cannot be stored (a NUL character, half a character, or a number too large); correct it."),
    later("This cursor was not made for this list; leave it out to start from the beginning."),
    later("This link is no longer valid; contact us with your reference and we will send a new one."),
)

FROM_BELOW_WITH_PLACES = (
    later("%(colour)s cannot be read on a light page; %(readable)s is near it and can."),
    later("At most 5 files of 10 MiB each, and 20 MiB together, are taken with a message. %(why)s"),
    later(
        "Passkeys need a domain name, and %(host)s is none: set AHADI_PUBLIC_URL to an address such as"
        " https://desk.example.org."
    ),
    later("%(domain)s is no domain of e-mail addresses; write such as power.example."),
    later("The provider does not say its %(part)s; it cannot be used."),
    later("Passkeys work at %(address)s only; open Ahadi there."),
    later("You have %(number)s passkeys; remove one first."),
    later("Passkeys need https: set AHADI_PUBLIC_URL to https://%(host)s."),
    *RULES_WITH_PLACES,
    *TEMPLATES_WITH_PLACES,
    later("The password needs at least %(number)s characters; a few words make a good one."),
    later("The password may have at most %(number)s characters."),
    later("%(name)s is not active here; name somebody who is."),
    later("The message still has nothing to say for %(names)s; write its words before it is sent."),
    later("%(words)s looks like a placeholder that was not filled; put it right."),
    later("This address is blocked for %(channel)s; use another channel."),
    later("The customer wants no more messages by %(channel)s; use another channel."),
    later("This takes %(number)s SMS segments and %(most)s are allowed; make it shorter."),
    later("An SMS has no hashtags; write %(tag)s without the sign."),
    later("%(link)s is not a whole https link; write it out or remove it."),
    later("%(link)s is not a link of ours; an SMS carries only links we issued."),
    later("%(link)s leads nowhere; put in one that works."),
    later("Nobody checked where %(link)s leads; it may be dead."),
    later("It is not known whether %(link)s leads anywhere; check it."),
    later("The request is larger than the %(number)s bytes taken at once; send less."),
    later("This did not come from a page of %(home)s, where Ahadi is; open that and try again."),
)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(_pattern_of(text)), text) for text in FROM_BELOW_WITH_PLACES)


def _pattern_of(text: str) -> str:
    """What matches a text with anything in its places."""
    parts = re.split(r"%\((\w+)\)s", text)  # words and names of places in turn
    return "".join(f"(?P<{part}>.+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
