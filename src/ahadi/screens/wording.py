"""What codes are called on the screens: functions, so that it is said in each reader's own language."""

from collections.abc import Callable, Sequence

from ahadi.screens.reader import _, later
from ahadi.screens.rota_wording import rota_notice_text
from ahadi.screens.sentences import problem_text, sentence
from ahadi.screens.settings_wording import SETTINGS_DONE
from ahadi.search import Problem

__all__ = [
    "channel_name",
    "deed_choices",
    "deed_name",
    "done_text",
    "failure_text",
    "filter_problem",
    "form_title",
    "kind_name",
    "message_state",
    "missing_name",
    "notice_text",
    "outcome_name",
    "passes_on",
    "passing_reason",
    "priority_name",
    "problem_text",
    "problem_title",
    "role_name",
    "sentence",
    "state_name",
]


def kind_name(kind: str) -> str:
    """A kind of promise."""
    return {"update": _("Update"), "callback": _("Call back"), "visit": _("Visit"), "fix": _("Fix")}.get(kind, kind)


_STATES = {
    "open": later("Open"),
    "resolved": later("Resolved"),
    "kept": later("Kept"),
    "renewed": later("Renewed"),
    "broken": later("Broken"),
    "withdrawn": later("Withdrawn"),
}
_CHANNELS = {
    "phone": later("Phone"),
    "email": later("E-mail"),
    "web": later("Web"),
    "chat": later("Chat"),
    "sms": later("SMS"),
}
_PRIORITIES = {"low": later("Low"), "normal": later("Normal"), "high": later("High"), "urgent": later("Urgent")}


def state_name(state: str) -> str:
    """A state of a case or promise."""
    return _(_STATES.get(state, "")) or state


def channel_name(channel: str) -> str:
    """A channel, as the way something came or goes."""
    return _(_CHANNELS.get(channel, "")) or channel


def priority_name(priority: str) -> str:
    return _(_PRIORITIES.get(priority, "")) or priority


def role_name(role: str) -> str:
    return {
        "agent": _("Agent"),
        "specialist": _("Specialist"),
        "manager": _("Manager"),
        "supervisor": _("Supervisor"),
        "administrator": _("Administrator"),
    }.get(role, role)


def deed_name(deed: str) -> str:
    """What was done to keep a promise."""
    return {
        "contact": _("I spoke with the customer"),
        "message": _("I wrote to the customer"),
        "work": _("The work was done"),
        "visit": _("Somebody visited"),
        "note": _("Something else, told in the note"),
    }.get(deed, deed)


def deed_choices(deeds: Sequence[str]) -> list[tuple[str, str]]:
    return [(each, deed_name(each)) for each in deeds]


def message_state(state: str) -> str:
    """What became of an outgoing message; empty where that needs no word."""
    return {
        "held": _("Waits for a person"),
        "queued": _("Going out"),
        "sending": _("Going out"),
        "sent": _("Sent"),
        "failed": _("Not delivered"),
        "uncertain": _("May not have arrived"),
        "cancelled": _("Taken back"),
    }.get(state, "")


def missing_name(variable: str) -> str:
    """A template's variable in words."""
    return {
        "customer.name": _("the customer's name"),
        "promise.text": _("what is promised"),
        "promise.due": _("when the promise is due"),
        "case.outcome": _("what was done"),
        "holder.name": _("who has the case"),
        "callback.phone": _("the number to call"),
        "reason": _("the reason"),
    }.get(variable, variable)


def passing_reason(why: str | None) -> str:
    """Why a promise passed to a colleague by itself; empty where a person passed it on."""
    return {
        "shift-end": _("at the end of a shift"),
        "absent": _("because of an absence"),
        "deactivated": _("because somebody left"),
    }.get(why or "", "")


def notice_text(kind: str) -> str:
    """Why somebody is told of a case, or of the rota."""
    if told := rota_notice_text(kind):
        return told
    about, _colon, why = kind.partition(":")
    passed = passing_reason(why) or {
        "repeat": _("the customer asks again and again"),
        "broken-promise": _("a promise was broken"),
        "asked": _("the customer asked for it"),
    }.get(why, why.replace("-", " "))
    text = {
        "given": _("This case was given to you"),
        "taken": _("This case was taken over from you"),
        "due-soon": _("Your promise is due soon"),
        "broken": _("Your promise was broken"),
        "recovery": _("You are to make good a broken promise"),
        "handed-over": _("Your promise passed to a colleague"),
        "taken-over": _("A colleague's promise passed to you"),
        "contact": _("The customer was in touch again"),
        "escalated": _("This case was brought before you"),
        "direct-line": _("A customer asks for you in person"),
        "offer": _("A customer asks for you in person"),
        "nobody-takes": _("Nobody took a case that was offered"),
        "set-away": _("You let several offers pass, so you are on a break now"),
        "unreached": _("A customer was not reached by telephone; find another way"),
    }.get(about, about.replace("-", " ").capitalize())
    return f"{text}: {passed}" if passed else text


def outcome_name(outcome: str | None) -> str:
    """What came of an attempt to call."""
    return {
        "answered": _("Answered"),
        "no-answer": _("No answer"),
        "busy": _("Busy"),
        "voicemail": _("Voicemail left"),
        "wrong-number": _("Wrong number"),
    }.get(outcome or "", "")


def form_title(name: str) -> str:
    """What a form is for: its heading, and the title of its page."""
    return {
        "absence": _("Enter an absence"),
        "absence-end": _("End an absence"),
        "answer": _("Approve it knowingly"),
        "copy-week": _("Copy the week"),
        "edit-department": _("Department"),
        "edit-invite": _("Invite somebody"),
        "edit-on-call": _("Who is called"),
        "edit-person": _("What somebody does"),
        "edit-reason": _("Reason"),
        "leave": _("Ask to be away"),
        "pattern": _("Shifts that come again"),
        "shift": _("Shift"),
        "swap": _("Offer a shift"),
        "decline": _("Decline the offer"),
        "direct": _("Bring in somebody who can decide"),
        "hold": _("Hand the case over"),
        "keep": _("Keep the promise"),
        "macro": _("Do all of this"),
        "snooze": _("Put the case off"),
        "link": _("Link to the customer's page"),
        "merge": _("Merge into another case"),
        "promise": _("Promise something"),
        "renew": _("Promise another time"),
        "reopen": _("Open the case again"),
        "resolve": _("Resolve the case"),
        "sort": _("Reason, priority, tags"),
        "split": _("Split off a part"),
        "withdraw": _("Withdraw the promise"),
        "wrap-up": _("Wrap-up"),
        "rule-condition": _("Add a condition"),
        "rule-cell": _("Change the cell"),
        "rule-publish": _("Put the draft in force"),
        "rule-restore": _("Put a version in force again"),
        "rule-discard": _("Throw the draft away"),
        "rule-upload": _("Upload a table"),
    }[name]


# Told once, after something was done.
DONE: dict[str, Callable[[], str]] = {
    "signed-out": lambda: _("You are signed out."),
    "password-changed": lambda: _("Your password is changed, and every other session has ended."),
    "session-ended": lambda: _("That session has ended."),
    "preferences-kept": lambda: _("Your preferences are kept in this browser."),
    "authenticator-on": lambda: _("Your authenticator is set up; you will be asked for its code from now on."),
    "acting-began": lambda: _("You act in another's name now; everything you do is written down with both names."),
    "acting-ended": lambda: _("You are yourself again."),
    "provider-set": lambda: _("The single sign-on is kept."),
    "provider-removed": lambda: _("Nobody signs in by it any more."),
    "passkey-added": lambda: _("The passkey is kept; sign in with it next time."),
    "passkey-removed": lambda: _("The passkey signs nobody in any more."),
    "device-forgotten": lambda: _("The second step is asked for there again."),
    "authenticator-off": lambda: _("You sign in without an authenticator from now on."),
    "reply-written": lambda: _("Your reply is on its way."),
    "reply-cancelled": lambda: _("Your reply was taken back."),
    "macro-run": lambda: _("All of it is done."),
    "case-snoozed": lambda: _("An update is promised for then, by you; the case comes up in your work."),
    "canned-saved": lambda: _("The canned reply is kept."),
    "canned-deleted": lambda: _("The canned reply is gone."),
    "macro-saved": lambda: _("The macro is kept."),
    "macro-deleted": lambda: _("The macro is gone."),
    "note-written": lambda: _("The note is kept with the case; the customer does not see it."),
    "promise-made": lambda: _("Promised."),
    "promise-kept": lambda: _("The promise is kept."),
    "promise-renewed": lambda: _("Another time is promised, and the customer is told."),
    "promise-withdrawn": lambda: _("The promise is withdrawn."),
    "case-held": lambda: _("The case is handed over, with its promises."),
    "case-taken": lambda: _("You have the case now."),
    "case-resolved": lambda: _("The case is resolved, and the customer is told."),
    "case-reopened": lambda: _("The case is open again, and an update is promised."),
    "view-kept": lambda: _("The view is kept under its name."),
    "view-removed": lambda: _("The view is removed."),
    "done-together": lambda: _("Done with every case that was chosen."),
    "case-sorted": lambda: _("Reason, priority and tags are changed."),
    "case-merged": lambda: _("The other case now goes on in this one."),
    "case-split": lambda: _("This case was split off; the other one goes on."),
    "link-revoked": lambda: _("Every link given out so far is worthless now."),
    "customers-merged": lambda: _("They are one customer now."),
    "customers-apart": lambda: _("They will not be suggested as one customer again."),
    "offer-declined": lambda: _("It goes to the next colleague."),
    "wrap-up-ended": lambda: _("Noted."),
    "presence-of-other-set": lambda: _("Their presence is changed."),
    "wall-revoked": lambda: _("The link is revoked; the screen goes dark."),
    "presence-set": lambda: _("Your presence is changed."),
    "portal-kept": lambda: _("Your customers see it so from now on."),
    "logo-removed": lambda: _("Your customers see your name in place of a logo."),
    "notifications-kept": lambda: _("What reaches you is changed."),
    "browser-removed": lambda: _("That browser is told nothing more."),
    "browsers-tried": lambda: _("A trial is on its way to your browsers."),
    "notices-seen": lambda: _("Marked as seen."),
    "contact-taken": lambda: _("The contact is taken in, and a case is open."),
    "contact-joined": lambda: _("The contact joined the case that is there already."),
    "message-sent": lambda: _("The message goes out."),
    "message-marked": lambda: _("The message counts as sent."),
    "message-cancelled": lambda: _("The message will not be sent."),
    "booked": lambda: _("The time is booked, and a message confirms it."),
    "booking-moved": lambda: _("It is moved, and a message confirms the new time."),
    "booking-cancelled": lambda: _("It is cancelled; what happens next is told instead."),
    "call-answered": lambda: _("The promise is kept."),
    "call-again": lambda: _("The next call is promised."),
    "call-last": lambda: _("Another way to reach the customer is promised, by a person."),
    "shift-kept": lambda: _("The week is changed."),
    "pattern-kept": lambda: _("The shifts that come again are changed."),
    "pattern-ended": lambda: _("These shifts come no more."),
    "shift-off": lambda: _("The shift is taken off the week."),
    "week-copied": lambda: _("The week is copied to the next."),
    "week-not-copied": lambda: _("There was no single shift to copy; what comes again is there already."),
    "absence-kept": lambda: _("The absence stands on the rota."),
    "absence-ended": lambda: _("The absence is ended."),
    "leave-asked": lambda: _("You have asked; a manager answers."),
    "leave-withdrawn": lambda: _("Your request is taken back."),
    "leave-approved": lambda: _("It is approved and stands on the rota; your colleague is told."),
    "leave-declined": lambda: _("It is not approved; your colleague is told."),
    "swap-offered": lambda: _("Your shift is offered; your colleagues are told."),
    "swap-done": lambda: _("The shift is yours; your colleague is told."),
    "swap-waits": lambda: _("You take it once a manager approves; both of you are told."),
    "swap-declined": lambda: _("Your colleague is told that you cannot."),
    "swap-withdrawn": lambda: _("Your offer is taken back."),
    "swap-approved": lambda: _("The shift changed hands; both are told."),
    "swap-refused": lambda: _("The swap is not approved; both are told."),
    "calendar-made": lambda: _("Your calendar has a new address."),
    "calendar-revoked": lambda: _("Nobody fetches your calendar any more."),
    "department-kept": lambda: _("The department is kept; its hours count from now on."),
    "department-retired": lambda: _("The department is retired: nothing new goes there."),
    "department-restored": lambda: _("The department is back in use."),
    "reason-kept": lambda: _("The reason is kept."),
    "reason-retired": lambda: _("The reason is offered no more; cases keep it."),
    "person-kept": lambda: _("What they do is changed."),
    "person-deactivated": lambda: _("They are signed out, and what they hold is passed on."),
    "person-reactivated": lambda: _("They work here again, with the roles they had."),
    "person-invited": lambda: _("They are invited."),
    "on-call-kept": lambda: _("They are called in this order."),
    "rule-added": lambda: _("The row is added to the draft."),
    "rule-moved": lambda: _("The row is moved."),
    "rule-changed": lambda: _("Kept in the draft."),
    "rule-removed": lambda: _("The row is gone from the draft; the change can be taken back."),
    "rules-undone": lambda: _("The last change is taken back."),
    "rules-uploaded": lambda: _("The draft now says what the file says; the change can be taken back."),
    "rules-discarded": lambda: _("The draft is gone; these are the rules in force."),
    "rules-published": lambda: _("These rules are in force now: the next contact follows them."),
    "template-saved": lambda: _("These words are in force: the next message uses them."),
    "template-retired": lambda: _("The product's own words are used again."),
    "words-added": lambda: _("We have your message."),
    "person-asked": lambda: _("We have passed on that you want to speak with somebody."),
    **SETTINGS_DONE,
}


def done_text(code: str) -> str:
    return DONE[code]()


def passes_on(name: str) -> str:
    """That a promise falls due when its keeper is not at work; the name is empty for the reader themselves."""
    if not name:
        return _("You are not at work when the promise is due, so it passes to a colleague on shift or on call.")
    return _("%(name)s is not at work when the promise is due, so it passes to a colleague on shift or on call.") % {
        "name": name
    }


def desk_words() -> dict[str, str]:
    """What desk.js and composer.js say: names of keys that no control on the page has, and what they tell of."""
    return {
        "next": _("Next case of my work"),
        "previous": _("Previous case of my work"),
        "left": _("Open case to the left"),
        "right": _("Open case to the right"),
        "shut": _("Close this case's tab"),
        "palette": _("Jump to a case, a person, a page or something to do"),
        "sheet": _("This sheet"),
        "send": _("Send what is being written"),
        "close": _("Close the tab of %(case)s"),
        "none": _("Nothing found."),
        "some": _("Use the arrows to choose, Enter to go."),
        "page": _("Page"),
        "deed": _("Do"),
        "draft": _("Draft kept"),
        "remove": _("Remove %(file)s"),
        "seconds": _("Undo (%(n)s)"),
        "big": _("%(file)s is too large; at most 10 MB together."),
    }


def failure_text(code: str | None) -> str:
    """Why a message was not sent, or may not have arrived."""
    told = {
        "channel-failed": _("The channel failed while sending."),
        "sender-silent": _("The process that sent it stopped before it could say what became of it."),
        "unsubscribed": _("The customer asked us not to write this way."),
        "blocked": _("This address is barred, or mail to it comes back."),
        "smtp-recipient": _("The mail server does not take mail for this address."),
        "smtp-connection": _("The mail server could not be reached."),
        "smtp-sign-in": _("The mail server does not let us in; tell an administrator."),
        "no-number": _("This is no number that an SMS can go to."),
        "unreachable": _("The SMS gateway cannot reach this number."),
        "unreachable-gateway": _("The SMS gateway could not be reached."),
    }
    # A mail server's own status stands behind the stage it was given at: smtp-recipient-5.1.1.
    stage = (code or "").rstrip("0123456789.").removesuffix("-")
    return told.get(stage, _("Reason: %(code)s") % {"code": code} if code else "")


def problem_title(status: int) -> str:
    """A page's title for a problem."""
    return {
        403: _("Not yours to do"),
        404: _("Nothing here"),
        409: _("That has changed meanwhile"),
        413: _("Too much at once"),
        429: _("A little slower, please"),
        500: _("Something went wrong"),
        503: _("Not reachable just now"),
    }.get(status, _("That did not work"))


def filter_problem(problem: Problem) -> str:
    """What is wrong with a filter in the search box."""
    words = {
        "empty": _("Say something after %(name)s:"),
        "choice": _("%(name)s: is one of %(choices)s."),
        "promise": _("%(name)s: is one of %(choices)s, or due<2h (or m, d, w)."),
        "length": _("%(name)s: is followed by < or > and a length such as 30m, 2h, 3d or 1w."),
    }[problem.kind]
    return words % {"name": problem.name, "choices": ", ".join(problem.choices)}
