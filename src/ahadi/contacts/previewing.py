"""Words as they would reach a customer: filled, checked by the rules of their channel, or refused and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from ahadi.contacts.checks import Draft, Finding, Links, Reach, check_message, preview
from ahadi.contacts.default_templates import STEPS, default_templates
from ahadi.contacts.segments import SmsSize
from ahadi.contacts.template_language import Problem
from ahadi.contacts.templates import TemplateRefused, Unfilled, compile_template, render
from ahadi.contacts.variables import VARIABLES, Value, sample_values

# What a case alone does not tell, but what happens to it.
_OF_EVENTS = ("last.", "callback.", "booking.", "direct.", "case.outcome", "reason")


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom words would go: values by variable, language, zone and address, and whether they may be written to."""

    values: Mapping[str, Value]
    language: str
    zone: tzinfo
    to: str
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True)
class Shown:
    """What would become of words. `problems` keep a template from being saved, `missing` and `leftovers` a message
    from leaving; `assumed` are the variables for which a sample stands."""

    subject: str = ""
    text: str = ""
    problems: tuple[Problem, ...] = ()
    missing: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    sms: SmsSize | None = None
    assumed: tuple[str, ...] = ()

    @property
    def may_be_sent(self) -> bool:
        stopped = any(each.severity == "stop" for each in self.findings)
        return not (self.problems or self.missing or self.leftovers or stopped)


def given_by(slug: str) -> frozenset[str]:
    """The variables that what happened gives to a message of this kind, beside those of its case."""
    if slug not in STEPS:
        return frozenset({"reason"})  # said with one message to many
    used: set[str] = set()
    for each in default_templates():
        if each.step == slug:
            used |= each.compiled().variables
    found = {name for name in used if name.startswith(_OF_EVENTS)}
    return frozenset(found | ({"reason"} if slug == "promise_renewed" else set()))


def show_words(
    slug: str, channel: str, subject: str, body: str, whom: Addressed | None, now: datetime, organisation: str
) -> Shown:
    """What would become of words about `slug` for a customer; with nobody, for an invented one."""
    try:
        compiled = compile_template(subject or None, body, channel)
    except TemplateRefused as refused:
        return Shown(problems=refused.problems)
    samples = sample_values()
    if whom is None:
        values, assumed = samples | {"organisation.name": organisation}, compiled.variables - {"organisation.name"}
    else:
        assumed = given_by(slug) & compiled.variables - {name for name, value in whom.values.items() if value}
        values = dict(whom.values) | {name: samples[name] for name in assumed}
    language, zone = (whom.language, whom.zone) if whom else ("en", now.tzinfo)
    assert zone is not None
    rendered = render(compiled, values, language, zone)
    listed = tuple(name for name in VARIABLES if name in assumed)
    if isinstance(rendered, Unfilled):
        return Shown(missing=rendered.missing, leftovers=rendered.leftovers, assumed=listed)
    to = whom.to if whom else {"sms": "+254700000000"}.get(channel, "somebody@example.org")
    draft = Draft(channel, to, rendered.text, rendered.subject)
    link = str(values.get("case.status_link") or "")
    findings = check_message(draft, whom.reach if whom else None, Links(issued=[link], alive=lambda each: each == link))
    shown = preview(draft, findings, now)
    return Shown(rendered.subject, rendered.text, findings=shown.findings, sms=shown.sms, assumed=listed)
