"""What waits longer than it should: promises, jobs, messages, mailboxes, and hours in which nobody can be reached."""

from datetime import datetime, timedelta
from typing import Any, Final

from ahadi.base.clock import iso
from ahadi.directory import DAYS_AHEAD, read_directory
from ahadi.main import doctor_store as store
from ahadi.main.doctor_model import Finding, Patient, long, named
from ahadi.platform import jobs
from ahadi.platform.database import Actor

_TEMPORARY: Final = timedelta(minutes=5)  # what waits no longer than this is simply being done
_SHOWN: Final = 10


async def check_promises(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        many, oldest = await store.overdue_promises(work, patient.ids)
        now = work.now
    facts = {"overdue": many, "oldest": iso(oldest) if oldest else None}
    if oldest and now - oldest > _TEMPORARY:
        sentence = (
            f"{many:,} promises fell due and nobody has broken them, the oldest {long(now - oldest)} ago: see that a"
            " worker runs (`ahadi run`)."
        )
        return Finding("promises", "attention", sentence, facts)
    return Finding("promises", "ok", "No promise waits to be broken.", facts)


async def check_jobs(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system([])) as work:
        counted: dict[str, Any] = dict(await jobs.counts(work))
        dead = await store.dead_jobs(work)
        oldest = await store.oldest_late_job(work)
        now = work.real_now
    facts = counted | {"dead_kinds": dead, "oldest_late": iso(oldest) if oldest else None}
    if dead:
        told = named([f"{many} {kind}" for kind, many in dead.items()])
        return Finding(
            "jobs", "bad", f"Given up after too many attempts: {told}. Mend the cause and retry them.", facts
        )
    if oldest and now - oldest > _TEMPORARY:
        late = f"{counted['late']:,} jobs are late, the oldest {long(now - oldest)}"
        sentence = f"{late}: see that a worker runs (`ahadi run`)."
        return Finding("jobs", "attention", sentence, facts)
    return Finding("jobs", "ok", f"{counted['waiting']:,} jobs wait their turn; none is late or given up.", facts)


async def check_messages(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        waiting = await store.messages_to_settle(work, patient.ids)
        now = work.now
    facts = {state: {"count": many, "oldest": iso(oldest)} for state, many, oldest in waiting}
    if not waiting:
        return Finding("messages", "ok", "No message waits for a person.", facts)
    told = named([f"{many:,} {state} (the oldest {long(now - oldest)})" for state, many, oldest in waiting])
    return Finding("messages", "attention", f"Messages wait for a person to settle them: {told}.", facts)


async def check_outbox(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        waiting = await store.unsent(work, patient.ids)
        now = work.now
    late = [each for each in waiting if now - each.oldest > _TEMPORARY]
    facts = {
        "unsent": sum(each.many for each in waiting),
        "oldest": iso(min(each.oldest for each in waiting)) if waiting else None,
        "late": [{"channel": each.channel, "count": each.many, "oldest": iso(each.oldest)} for each in late],
    }
    if not late:
        return Finding("outbox", "ok", "Nothing waits to be sent that should have left.", facts)
    told = [f"{_counted(each)}, the oldest {long(now - each.oldest)}: {_why_it_waits(each, patient)}." for each in late]
    return Finding("outbox", "attention", " ".join(told), facts)


def _counted(waiting: store.Unsent) -> str:
    one = waiting.many == 1
    names = {"sms": "SMS", "email": "mail" if one else "mails"}
    name = names.get(waiting.channel, f"{waiting.channel} message" + ("" if one else "s"))
    return f"{waiting.many:,} {name} {'waits' if one else 'wait'}"


def _why_it_waits(waiting: store.Unsent, patient: Patient) -> str:
    if waiting.channel == "email" and not patient.settings.smtp_url:
        return "no mail server is set; set AHADI_SMTP_URL (see docs/reference/configuration.md)"
    if waiting.channel == "sms" and not waiting.set_up:
        return "no gateway is set; see docs/how-to/sms-gateway.md"
    if waiting.channel in ("email", "sms"):
        return "see that a worker runs (`ahadi run`) and that the receiving server answers"
    return "see that a worker runs (`ahadi run`)"


async def check_mail(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        failing = await store.failing_mailboxes(work, patient.ids)
        now = work.real_now
    facts = {"failing": {address: iso(since) for address, since in failing}}
    if not failing:
        return Finding("mail", "ok", "No mailbox fails.", facts)
    told = named([f"{address} (for {long(now - since)})" for address, since in failing])
    return Finding("mail", "bad", f"Cannot be read: {told}. Correct its password or server under Mailboxes.", facts)


async def check_coverage(patient: Patient) -> Finding:
    told: list[str] = []
    for each in patient.ids:
        async with patient.database.read(Actor.system([each])) as work:
            directory = await read_directory(work, each)
            now: datetime = work.now
        found = directory.uncovered(now, now + timedelta(days=DAYS_AHEAD))
        told += [f"{directory.organisation.slug}: {one.sentence}" for one in found]
    if told:
        sentence = f"{len(told):,} times in the next {DAYS_AHEAD} days nobody can be reached. {' '.join(told[:_SHOWN])}"
        return Finding("coverage", "attention", sentence, {"uncovered": told})
    sentence = f"Somebody can be reached at every hour of the next {DAYS_AHEAD} days that a department is open."
    return Finding("coverage", "ok", sentence, {"uncovered": []})
