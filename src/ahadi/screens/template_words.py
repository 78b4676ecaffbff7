"""What is said about messages and their templates: purposes, variables, and why words are refused."""

from ahadi.contacts import Finding, Problem, Shown
from ahadi.screens.reader import _, ngettext
from ahadi.screens.sentences import sentence, template_problem
from ahadi.screens.wording import missing_name

__all__ = ["finding_text", "missing_text", "refusal_text", "segments_text", "step_name", "variable_text"]


def step_name(slug: str) -> str:
    """What a message is for; one of the organisation's own by its name."""
    return {
        "received": _("The request was received"),
        "joined_repeat": _("Asked again about the same"),
        "promise_renewed": _("Another time is promised"),
        "promise_at_risk": _("A promise may be late"),
        "promise_broken": _("A promise was broken"),
        "handed_over": _("Somebody else has the case"),
        "resolved": _("The case is resolved"),
        "callback_booked": _("A call is booked"),
        "reopened": _("The case is open again"),
        "direct_line": _("Somebody speaks with them in person"),
        "appointment_booked": _("A visit or call is booked"),
        "appointment_moved": _("A booking is moved"),
        "appointment_cancelled": _("A booking is cancelled"),
        "appointment_reminder": _("Reminder of a booking"),
        "callback_tried": _("We called and nobody answered"),
        "callback_given_up": _("We could not reach them by telephone"),
    }.get(slug, slug)


def variable_text(name: str, meaning: str) -> str:
    """What a variable stands for."""
    return sentence("", meaning, {})


def refusal_text(problem: Problem) -> str:
    """Why words cannot be saved: in which part, on which line, and what to do."""
    return template_problem(problem.part, problem.line, problem.sentence)


def finding_text(finding: Finding) -> str:
    """What a check found in a message."""
    return sentence("", finding.sentence, {})


def missing_text(shown: Shown) -> str:
    """Why a message with these values would wait for a person."""
    if shown.missing:
        names = ", ".join(missing_name(each) for each in shown.missing)
        return _("Nothing to say for: %(names)s. The message would wait for a person.") % {"names": names}
    holes = ", ".join(shown.leftovers)
    return _("%(words)s looks like a placeholder that was not filled. The message would wait for a person.") % {
        "words": holes
    }


def segments_text(shown: Shown) -> str:
    """How an SMS travels: segments, letters, and what is left."""
    size = shown.sms
    if size is None:
        return ""
    told = ngettext("%(n)s segment", "%(n)s segments", size.segments) % {"n": size.segments}
    alphabet = _("7-bit letters (GSM-7)") if size.encoding == "gsm-7" else _("16-bit letters (UCS-2)")
    return _("%(segments)s · %(units)s characters · %(left)s left in the last · %(alphabet)s") % {
        "segments": told,
        "units": size.units,
        "left": size.left,
        "alphabet": alphabet,
    }
