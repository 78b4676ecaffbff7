"""Macros: a named list of deeds, done to a case in one transaction or not at all."""

from uuid import UUID

from ahadi import cases, contacts, promises
from ahadi.base.errors import Conflict, Invalid
from ahadi.cases import Case
from ahadi.contacts import MessageRefused, Unfilled
from ahadi.desk import store
from ahadi.desk.model import Deeds, Macro, NoSuchMacro
from ahadi.directory import read_directory
from ahadi.platform.database import Work


async def macros_of(work: Work, organisation_id: UUID) -> list[Macro]:
    """The macros of an organisation, by name."""
    work.permit(organisation_id, "case.work")
    return await store.macros_of(work, organisation_id)


async def get_macro(work: Work, macro_id: UUID) -> Macro:
    """Raises NoSuchMacro."""
    macro = await store.find_macro(work, macro_id)
    if macro is None:
        raise NoSuchMacro("There is no such macro that you may see.")
    work.permit(macro.organisation_id, "case.work")
    return macro


async def save_macro(work: Work, macro: Macro) -> None:
    """Keep a macro, in place of the one of its id. Raises Invalid, TemplateRefused, Conflict for a name twice."""
    work.permit(macro.organisation_id, "templates.edit")
    if not macro.name.strip():
        raise Invalid("Give the macro a name.", field="name")
    deeds = macro.deeds
    if deeds.is_nothing:
        raise Invalid("A macro does at least one thing; say what.")
    if deeds.promise and deeds.within is None:
        raise Invalid("Say within what time it is promised, such as 4h or 2d.", field="within")
    for words in (deeds.reply, deeds.note, deeds.promise_text):
        if words:
            contacts.check_words(words)
    if deeds.to:
        directory = await read_directory(work, macro.organisation_id)
        person, department = deeds.to.person, deeds.to.department
        promises.named(directory, str(person) if person else None, str(department) if department else None)
    if not await store.put_macro(work, macro):
        raise Conflict("Another macro has this name; choose another.", name=macro.name)
    work.record("macro.saved", macro.organisation_id, subject_id=macro.id)


async def delete_macro(work: Work, macro_id: UUID) -> None:
    """Keep a macro no longer. Raises NoSuchMacro."""
    macro = await store.find_macro(work, macro_id)
    if macro is None:
        raise NoSuchMacro("There is no such macro that you may see.")
    work.permit(macro.organisation_id, "templates.edit")
    await store.delete_macro(work, macro)
    work.record("macro.deleted", macro.organisation_id, subject_id=macro.id)


async def run_macro(work: Work, reference: str, macro_id: UUID) -> tuple[Case, UUID | None]:
    """Do what the macro says to a case, all of it; the case, and the reply's id where there is one.

    Locks the case. Raises NoSuchMacro, MessageRefused where a variable has no value, and what each deed raises.
    """
    case = await cases.lock_case(work, reference)
    macro = await get_macro(work, macro_id)
    if macro.organisation_id != case.organisation_id:
        raise NoSuchMacro("There is no such macro for this case.")
    deeds = await _filled(work, case, macro.deeds)
    sent: UUID | None = None
    if deeds.reply:
        sent = await cases.reply_to_customer(work, reference, deeds.reply)
    if deeds.note:
        await contacts.note(work, case.organisation_id, case.id, deeds.note)
    if deeds.promise and deeds.within:
        directory = await read_directory(work, case.organisation_id)
        due = promises.due_within(directory, deeds.within, case.department_id, work.now)
        case, _made = await promises.make_promise(work, reference, deeds.promise, due, deeds.promise_text)
    if deeds.to:
        person, department = deeds.to.person, deeds.to.department
        case = await promises.hold_case(
            work, reference, str(person) if person else None, str(department) if department else None
        )
    work.record("macro.run", case.organisation_id, case_id=case.id, subject_id=macro.id)
    return case, sent


async def preview_macro(work: Work, case: Case, macro: Macro) -> Deeds:
    """What the macro would do to this case, in its words. Raises MessageRefused where a variable has no value."""
    return await _filled(work, case, macro.deeds)


async def _filled(work: Work, case: Case, deeds: Deeds) -> Deeds:
    names = [name for name in ("reply", "note", "promise_text") if getattr(deeds, name)]
    filled = await cases.fill_for_case(work, case, [getattr(deeds, name) for name in names])
    words: dict[str, str] = {}
    for name, outcome in zip(names, filled, strict=True):
        if isinstance(outcome, Unfilled):
            raise MessageRefused(outcome.sentence, findings=[{"code": "missing", "sentence": outcome.sentence}])
        words[name] = outcome.text
    return Deeds(
        reply=words.get("reply"),
        note=words.get("note"),
        promise=deeds.promise,
        within=deeds.within,
        promise_text=words.get("promise_text"),
        to=deeds.to,
    )
