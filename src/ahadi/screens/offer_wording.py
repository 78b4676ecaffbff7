"""What is said about offers on the screens: functions, so that it is said in each reader's own language."""

from ahadi.routing.explaining import clock
from ahadi.routing.matching import Verdict
from ahadi.screens.languages import name_of_language, spoken
from ahadi.screens.reader import _

__all__ = ["offer_state", "presence_choices", "presence_name", "verdict_text", "waits_text"]


def presence_name(presence: str) -> str:
    return {
        "available": _("Available"),
        "busy": _("Busy"),
        "wrap-up": _("Wrap-up"),
        "break": _("On a break"),
        "offline": _("Offline"),
    }.get(presence, presence)


def presence_choices() -> list[tuple[str, str]]:
    """What somebody may say of themselves; a wrap-up begins by itself."""
    return [(each, presence_name(each)) for each in ("available", "busy", "wrap-up", "break", "offline")]


def offer_state(state: str) -> str:
    return {
        "offered": _("Waits for an answer"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "expired": _("Not answered"),
        "withdrawn": _("No longer asked"),
    }.get(state, state)


def waits_text(waits: str) -> str:
    """Why nothing is offered about a case just now."""
    return {
        "held": _("Somebody has this case, so it is offered to nobody."),
        "resolved": _("This case is resolved, so it is offered to nobody."),
        "closed": _("Its department is closed now; it is offered when it opens."),
        "pulled": _("This department's people take their work themselves; nothing is offered."),
        "offered": _("It is offered to somebody now; until they answer nobody else is asked."),
    }[waits]


def verdict_text(verdict: Verdict, zone: str) -> str:
    """Why somebody is offered a case, or not; times on the organisation's clock."""
    if verdict.refused is None:
        return _preferred(verdict)
    fact = verdict.fact
    if verdict.refused == "leaves":
        return _("Not offered: shift ends %(time)s") % {"time": clock(fact, zone)}
    if verdict.refused == "presence":
        return _("Not offered: %(presence)s") % {"presence": presence_name(fact)}
    if verdict.refused == "language" and spoken(fact):
        fact = name_of_language(fact)
    if verdict.refused in ("skill", "language", "full"):
        return {
            "skill": _("Not offered: lacks the skill %(fact)s"),
            "language": _("Not offered: does not speak %(fact)s"),
            "full": _("Not offered: has %(fact)s already"),
        }[verdict.refused] % {"fact": fact}
    return {
        "asked": _("Not offered: was asked in this round already"),
        "handed-back": _("Not offered: handed it to the department"),
        "absent": _("Not offered: absent"),
        "off-shift": _("Not offered: not on shift"),
        "no-room": _("Not offered: takes none of this kind"),
    }[verdict.refused]


def _preferred(verdict: Verdict) -> str:
    if verdict.chosen:
        return {
            "only-one": _("Nobody else could be offered it"),
            "stays": _("Stays long enough"),
            "last-handler": _("Served this customer last"),
            "least-loaded": _("Has the smallest share of their capacity in use"),
            "longest-idle": _("Has been free longest"),
            "first-by-id": _("All else being equal, first in order"),
        }[verdict.preferred or "only-one"]
    return {
        "stays": _("Not offered: the chosen one stays long enough"),
        "last-handler": _("Not offered: the chosen one served this customer last"),
        "least-loaded": _("Not offered: the chosen one has less to do for their capacity"),
        "longest-idle": _("Not offered: the chosen one has been free longer"),
    }.get(verdict.preferred or "", _("Not offered: all else being equal, the chosen one is first in order"))
