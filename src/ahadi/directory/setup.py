"""An organisation as one readable file says it is: frozen records, and what changes from one to another. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from ahadi.base.errors import Invalid
from ahadi.directory.model import Names, PromiseDefault, Settings
from ahadi.directory.permissions import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupOrganisation:
    """The organisation itself. People and departments are named by slug, here and everywhere in a setup."""

    slug: str
    name: str
    prefix: str
    zone: str
    country: str
    subdivision: str | None
    languages: tuple[str, ...]
    manager: str
    default_department: str
    addresses: tuple[str, ...]
    on_call: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupDepartment:
    """A department. `hours` already say what happens on public holidays and on the days of closure."""

    slug: str
    names: Names
    hours: str
    phone: str | None
    addresses: tuple[str, ...]
    manager: str | None
    members: frozenset[str]
    on_call: tuple[str, ...]
    promise: PromiseDefault


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupShift:
    """Shifts that come again, from `since` until `until`, both days included."""

    hours: str
    department: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupAbsence:
    """A time in UTC in which a person cannot be reached."""

    start: datetime
    end: datetime
    kind: str = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPerson:
    """Somebody who works for the organisation, known to the installation by the folded e-mail address."""

    slug: str
    name: str
    email: str
    language: str
    roles: frozenset[Role]
    skills: frozenset[str]
    languages: frozenset[str]
    shifts: frozenset[SetupShift]
    absences: frozenset[SetupAbsence]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupReason:
    """What customers get in touch about."""

    slug: str
    names: Names
    department: str | None
    promise: PromiseDefault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupTemplate:
    """A message template as written; the contacts package reads it. `line` is where it stands in the file."""

    slug: str
    channel: str
    language: str
    subject: str | None
    body: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """An organisation, whole. `rules` are rows as written, which the routing package reads.

    `rules_source` is the same list as the YAML reader gave it, with its lines, for that package's error messages.
    """

    organisation: SetupOrganisation
    departments: tuple[SetupDepartment, ...]
    people: tuple[SetupPerson, ...]
    reasons: tuple[SetupReason, ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()
    templates: tuple[SetupTemplate, ...] = ()
    rules_source: Sequence[Any] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a setup file: the line (the first is 1), and a sentence that says what to do."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


class SetupRefused(Invalid):
    """A setup file that cannot be applied; `problems` holds every reason, sorted by line."""

    code = "setup-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        more = len(self.problems) - 1
        sentence = f"Nothing was changed. {self.problems[0]}" + (f" ({more} more.)" if more else "")
        super().__init__(sentence, problems=[{"line": p.line, "sentence": p.sentence} for p in self.problems])


# What changes -----------------------------------------------------------------------------------------------------

Action = Literal["add", "change", "retire"]
Kind = Literal["organisation", "department", "person", "reason", "rules", "template"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` and `after` hold the fields that differ; both are empty for what is added or retired.

    `slug` of a template is `slug/channel/language`.
    """

    action: Action
    kind: Kind
    slug: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        what = f"{self.kind} `{self.slug}`"
        if self.action == "add":
            return f"{what} added"
        if self.action == "retire":
            return f"{what} retired"
        return f"{what} changed: {', '.join(name.replace('_', ' ') for name in self.after)}"


def diff_setups(current: Setup | None, wanted: Setup) -> list[Change]:
    """What must be done to come from what there is to what is wanted; nothing when they say the same.

    Departments, reasons and templates that are no longer wanted are retired. People who are not mentioned are left
    as they are, since people are also invited from the desk; `active: false` retires one. Absences are only added:
    most are entered from day to day. No current setup means that everything is new.
    """
    if current is None:
        return [
            Change("add", "organisation", wanted.organisation.slug),
            *(Change("add", "department", each.slug) for each in wanted.departments),
            *(Change("add", "person", each.slug) for each in wanted.people),
            *(Change("add", "reason", each.slug) for each in wanted.reasons),
            *([Change("add", "rules", wanted.organisation.slug)] if wanted.rules else []),
            *(Change("add", "template", _template_key(each)) for each in wanted.templates),
        ]
    slug = wanted.organisation.slug
    return [
        *_compare("organisation", {slug: current.organisation}, {slug: wanted.organisation}),
        *_compare("department", _by_slug(current.departments), _by_slug(wanted.departments)),
        *_compare("person", _by_slug(current.people), _by_slug(wanted.people), retire=False),
        *_compare("reason", _by_slug(current.reasons), _by_slug(wanted.reasons)),
        *_rules(slug, current.rules, wanted.rules),
        *_compare(
            "template",
            {_template_key(each): each for each in current.templates},
            {_template_key(each): each for each in wanted.templates},
        ),
    ]


def _compare(kind: Kind, current: Mapping[str, Any], wanted: Mapping[str, Any], *, retire: bool = True) -> list[Change]:
    changes: list[Change] = []
    for slug, new in wanted.items():
        old = current.get(slug)
        if old is None:
            changes.append(Change("add", kind, slug))
            continue
        before, after = {}, {}
        for each in fields(new):
            was, is_ = getattr(old, each.name), getattr(new, each.name)
            if each.name == "absences":
                is_ = was | is_
            if each.compare and was != is_:
                before[each.name], after[each.name] = was, is_
        if after:
            changes.append(Change("change", kind, slug, before, after))
    if retire:
        changes += [Change("retire", kind, slug) for slug in current if slug not in wanted]
    return changes


def _rules(slug: str, current: Sequence[Any], wanted: Sequence[Any]) -> list[Change]:
    if list(current) == list(wanted):
        return []
    if not current:
        return [Change("add", "rules", slug)]
    if not wanted:
        return [Change("retire", "rules", slug)]
    return [Change("change", "rules", slug, {"rows": tuple(current)}, {"rows": tuple(wanted)})]


def _by_slug(records: Sequence[Any]) -> dict[str, Any]:
    return {each.slug: each for each in records}


def _template_key(template: SetupTemplate) -> str:
    return f"{template.slug}/{template.channel}/{template.language}"
