"""`ahadi apply`: an organisation made what a setup file says, whole: directory, rules and templates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from ahadi import routing
from ahadi.base.ids import uuid7
from ahadi.contacts import template_actions, template_store
from ahadi.contacts.templates import TemplateRefused, compile_template
from ahadi.directory import apply as directory_apply
from ahadi.directory import get_organisation
from ahadi.directory.setup import Change, Problem, Setup, SetupRefused, SetupTemplate, diff_setups
from ahadi.directory.setup_file import examine_setup
from ahadi.directory.setup_held import Clash
from ahadi.directory.setup_place import Place, load
from ahadi.platform.database import Actor, Database, Work

_BLOCK = re.compile(r":\s*[|>][-+0-9]*\s*(#.*)?$")


@dataclass(frozen=True, slots=True)
class Applied:
    """What an application changed, one line for each change; who is new here; and what the rules leave open."""

    organisation: str
    changes: tuple[str, ...]
    newcomers: tuple[tuple[str, tuple[str, ...]], ...]  # address and roles of each
    remarks: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person: what changed, and how those who are new come in."""
        told = list(self.changes) or ["nothing to change"]
        if self.newcomers:
            told += ["", "New people have no password yet. Each of these prints a link by which one of them comes in:"]
        for email, roles in self.newcomers:
            named = " ".join(f"--role {role}" for role in roles)
            told.append(f"  ahadi user add {email} --organisation {self.organisation} {named}")
        return told

    def content(self) -> dict[str, Any]:
        """For a program."""
        return {
            "changes": list(self.changes),
            "newcomers": [{"email": email, "roles": list(roles)} for email, roles in self.newcomers],
            "remarks": list(self.remarks),
        }


async def apply_setup(database: Database, setup: Setup) -> list[str]:
    """Make the organisation what the setup says, in one transaction; one line for each change, none if there was none.

    Raises SetupRefused with every problem, and then changes nothing.
    """
    return list((await _apply(database, setup, [], "")).changes)


async def apply_text(database: Database, text: str) -> Applied:
    """Read a setup file and apply it; see `apply_setup`."""
    async with database.read(Actor.system([])) as work:
        now = work.now
    setup, problems = examine_setup(text, now)
    if setup is None:
        raise SetupRefused(problems)
    return await _apply(database, setup, problems, text)


async def _apply(database: Database, setup: Setup, problems: Sequence[Problem], text: str) -> Applied:
    slug = setup.organisation.slug
    async with database.read(Actor.system([])) as work:
        there = await get_organisation(work, slug)
    organisation_id = there.id if there else uuid7()
    check = _check_rules(setup)
    found = [*problems, *_rule_problems(check), *_template_problems(setup.templates, text)]
    async with database.work(Actor.system([organisation_id])) as work:
        found += _placed(await directory_apply.find_clashes(work, setup), text)
        if found:
            raise SetupRefused(found)
        done = await directory_apply.apply_directory(work, organisation_id, setup)
        changes = [*done.changes, *await _put_rules(work, organisation_id, setup, is_new=there is None)]
        changes += await _put_templates(work, organisation_id, setup)
    people = {each.slug: each for each in setup.people}
    return Applied(
        organisation=slug,
        changes=tuple(map(str, changes)),
        newcomers=tuple(
            (people[each].email, tuple(sorted(people[each].roles))) for each in done.newcomers if people[each].active
        ),
        remarks=_remarks(check),
    )


# Rules ----------------------------------------------------------------------------------------------------------


def _check_rules(setup: Setup) -> routing.Check:
    belongs = {
        person.slug: frozenset(each.slug for each in setup.departments if person.slug in each.members)
        for person in setup.people
    }
    known = routing.Known(
        departments=frozenset(each.slug for each in setup.departments),
        people=belongs,
        skills={
            skill: frozenset(where for each in setup.people if skill in each.skills for where in belongs[each.slug])
            for skill in setup.organisation.settings.skills
        },
        reasons=frozenset(each.slug for each in setup.reasons) or None,
        tiers=frozenset(setup.organisation.settings.tiers) or None,
    )
    return routing.check_rows(setup.rules_source or list(setup.rules), known)[1]


def _rule_problems(check: routing.Check) -> list[Problem]:
    return [Problem(each.line or 1, _ended(str(each))) for each in check.problems]


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in ".?" else f"{sentence}."


def _remarks(check: routing.Check) -> tuple[str, ...]:
    found = [each.sentence for each in check.dead] + [each.sentence for each in check.uncovered]
    return tuple(f"Rules: {_ended(each)}" for each in found)


async def _put_rules(work: Work, organisation_id: UUID, setup: Setup, *, is_new: bool) -> list[Change]:
    """Rules are published as a new version where they differ; a file without rules takes them out of force."""
    version = await routing.put_rules(work, organisation_id, setup.rules)
    if version is None:
        return []
    return [Change("add" if is_new or version == 1 else "change", "rules", setup.organisation.slug, {}, {"rows": ()})]


# Templates ------------------------------------------------------------------------------------------------------


def _template_problems(templates: Sequence[SetupTemplate], text: str) -> list[Problem]:
    """What is wrong in each template, at its line in the file: the words of a block begin below its key."""
    lines = text.splitlines()
    found: list[Problem] = []
    for each in templates:
        try:
            compile_template(each.subject, each.body, each.channel)
        except TemplateRefused as refused:
            line = max(1, each.line)
            block = line <= len(lines) and _BLOCK.search(lines[line - 1]) is not None
            for problem in refused.problems:
                at = line + problem.line if block and problem.part == "body" else line
                where = "" if problem.part == "body" else f", {problem.part}"
                found.append(Problem(at, f"template `{each.slug}` for {each.channel}{where}: {problem.sentence}"))
    return found


async def _put_templates(work: Work, organisation_id: UUID, setup: Setup) -> list[Change]:
    """Templates that differ get a new version; own ones that are not in the file go out of force."""
    current = tuple(
        SetupTemplate(slug=row.slug, channel=row.channel, language=row.language, subject=row.subject, body=row.body)
        for row in await template_store.templates_in_force(work, organisation_id)
    )
    bare = replace(setup, departments=(), people=(), reasons=(), rules=())
    changes = diff_setups(replace(bare, templates=current), bare)
    wanted = {f"{each.slug}/{each.channel}/{each.language}": each for each in setup.templates}
    for change in changes:
        if change.action == "retire":
            await template_actions.retire_template(work, organisation_id, *change.slug.split("/"))
        else:
            each = wanted[change.slug]
            await template_actions.save_template(
                work, organisation_id, each.slug, each.channel, each.language, each.subject, each.body
            )
    return changes


# Lines ----------------------------------------------------------------------------------------------------------


def _placed(clashes: Sequence[Clash], text: str) -> list[Problem]:
    root = load(text)[0] if clashes and text else None
    return [Problem(_line_of(root, each.path), each.sentence) for each in clashes]


def _line_of(root: Place | None, path: Sequence[str]) -> int:
    at = root
    for key in path:
        inner = at.part(key) if at else None
        if inner is None:
            break
        at = inner
    return at.line if at else 1
