"""Importing: each row of a file becomes a case, once, however often the import is run or interrupted.

Rows are taken in batches, each in one transaction together with the keys of its rows. Nothing is sent to anybody,
nothing is escalated, and no contact counts as a repeat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import DataError, IntegrityError
from psycopg import Error as DatabaseError
from psycopg.errors import DeadlockDetected, ProgramLimitExceeded, SerializationFailure

from ahadi import cases, contacts, customers, routing
from ahadi.base.errors import AhadiError, Conflict, Invalid, Unavailable
from ahadi.base.ids import uuid7
from ahadi.cases import Former, Holder, NewCase
from ahadi.contacts import Incoming
from ahadi.customers import Recognised
from ahadi.directory import Directory, read_directory
from ahadi.intake import import_store, retention_store
from ahadi.intake.actions import first_promise
from ahadi.intake.import_file import FileRow, ImportFile, Rejects
from ahadi.intake.import_map import ImportMap
from ahadi.intake.import_row import ImportedRow, Rejected, RowReader
from ahadi.platform.database import Actor, Database, Work
from ahadi.routing import Routed

BATCH: Final = 200  # rows of one transaction
_TRIES: Final = 5
_OF_A_ROW = (DataError, IntegrityError, ProgramLimitExceeded, Invalid, Conflict)
_TRY_AGAIN = (DeadlockDetected, SerializationFailure)


@dataclass(slots=True)
class ImportProgress:
    """How far an import has come. `already` are rows that were taken by an earlier run."""

    rows: int
    accepted: int = 0
    already: int = 0
    rejected: int = 0
    rejects: Path | None = None

    @property
    def done(self) -> int:
        return self.accepted + self.already + self.rejected


async def import_file(
    database: Database,
    organisation_id: UUID,
    path: Path,
    map_: ImportMap,
    *,
    rejects: Path | None = None,
    report: Callable[[ImportProgress], None] = lambda _: None,
) -> ImportProgress:
    """Take every row of a file that was not taken before; rows that cannot be are written down with the reason.

    `rejects` is where to, beside the file when not said. `report` is told after every batch. Raises Invalid when the
    file or the map cannot be used, before anything is taken; killed and run again, it goes on where it was.
    """
    actor = Actor.system([organisation_id])
    file = ImportFile(path, map_)
    progress = ImportProgress(file.examine())
    async with database.work(actor) as work:
        reader = RowReader(map_, await read_directory(work, organisation_id), work.now)
        run = await import_store.unfinished_run(work, organisation_id, path.name, map_.fingerprint)
    reader.check()
    written = Rejects(rejects or path.with_name(f"{path.name}.rejects.csv"), file.columns)
    importing = _Importing(database, organisation_id, file, reader, written, progress, run)
    try:
        await importing.take_all(report)
    finally:
        written.abandon()
    return progress


@dataclass
class _Importing:
    """One run over a file."""

    database: Database
    organisation_id: UUID
    file: ImportFile
    reader: RowReader
    rejects: Rejects
    progress: ImportProgress
    run: UUID | None
    seen: dict[str, int] = field(default_factory=dict)  # the line on which each key came first

    async def take_all(self, report: Callable[[ImportProgress], None]) -> None:
        rows = self.file.rows()
        while batch := list(islice(rows, BATCH)):
            await self._take({row.line: row for row in batch}, [each for row in batch if (each := self._read(row))])
            report(self.progress)
        await self._finish()
        self.progress.rejects = self.rejects.finish()

    def _read(self, row: FileRow) -> ImportedRow | None:
        """What a row says; None when it was rejected."""
        try:
            if row.problem is not None:
                raise Rejected(row.problem)
            read = self.reader.read(row.line, row.cells)
            first = self.seen.setdefault(read.key, row.line)
            if first != row.line:
                raise Rejected(f"line {first} of the file has the same key; a row is taken once.")
        except Rejected as problem:
            self._reject(row, str(problem))
            return None
        return read

    def _reject(self, row: FileRow, reason: str) -> None:
        self.rejects.add(row, reason)
        self.progress.rejected += 1

    # One batch -----------------------------------------------------------------------------------------------

    async def _take(self, written: dict[int, FileRow], rows: Sequence[ImportedRow]) -> None:
        """Take rows together; where one of them cannot be stored, each by itself, so that it spoils no other."""
        if not rows:
            return
        for tries_left in reversed(range(_TRIES)):
            try:
                await self._commit(rows)
            except (AhadiError, DatabaseError) as problem:
                cause = problem.__cause__ if isinstance(problem, Unavailable) else problem
                if isinstance(cause, _TRY_AGAIN) and tries_left:
                    continue
                if not isinstance(cause, _OF_A_ROW):
                    raise
                if len(rows) == 1:
                    self._reject(written[rows[0].line], _sentence(cause))
                    return
                for row in rows:
                    await self._take(written, [row])
            return

    async def _commit(self, rows: Sequence[ImportedRow]) -> None:
        run = self.run
        async with self.database.work(Actor.system([self.organisation_id])) as work:
            taken = await import_rows(work, self.organisation_id, self.reader.map.source, rows)
            if taken:
                run = run or await self._start(work)
                await import_store.count_accepted(work, self.organisation_id, run, taken)
        self.run = run
        self.progress.accepted += taken
        self.progress.already += len(rows) - taken

    async def _start(self, work: Work) -> UUID:
        name, fingerprint = self.file.path.name, self.reader.map.fingerprint
        run = await import_store.start_run(work, self.organisation_id, name, fingerprint)
        work.record("import.started", self.organisation_id, subject_id=run)
        return run

    async def _finish(self) -> None:
        """Close the run; one that took nothing leaves no trace."""
        if self.run is None:
            return
        async with self.database.work(Actor.system([self.organisation_id])) as work:
            rejected = self.progress.rejected
            accepted = await import_store.finish_run(work, self.organisation_id, self.run, rejected)
            await retention_store.begin_again(work, self.organisation_id)
            work.record(
                "import.finished", self.organisation_id, subject_id=self.run, accepted=accepted, rejected=rejected
            )


def _sentence(problem: BaseException) -> str:
    if isinstance(problem, AhadiError):
        return problem.sentence
    return f"the database does not take it: {(str(problem).strip().splitlines() or ['it does not say why'])[0]}."


# Rows become cases -------------------------------------------------------------------------------------------


async def import_rows(work: Work, organisation_id: UUID, source: str, rows: Sequence[ImportedRow]) -> int:
    """Make cases of the rows that were not taken before; how many. Each key must be among the rows once."""
    work.permit(organisation_id, "import")
    inside = work.as_installation(organisation_id)
    ids = {row.key: uuid7() for row in rows}
    fresh = await import_store.claim_rows(inside, organisation_id, source, ids)
    if not fresh:
        return 0
    directory = await read_directory(inside, organisation_id)
    known: dict[str, Recognised] = {}
    formers = []
    taken = [row for row in rows if row.key in fresh]
    for row in taken:
        known[row.key] = await _recognise(inside, directory, row)
        formers.append(await _former(inside, directory, row, known[row.key], ids[row.key]))
    await cases.take_over(inside, organisation_id, formers)
    for row in taken:
        incoming = Incoming(
            channel=row.channel,
            customer_id=known[row.key].known_as,
            body=row.text,
            subject=row.subject,
            at=row.opened_at,
        )
        await contacts.take_in(inside, organisation_id, incoming, ids[row.key])
    return len(taken)


async def _recognise(work: Work, directory: Directory, row: ImportedRow) -> Recognised:
    """The customer the row names; a row without one has an unnamed customer of its own."""
    return await customers.recognise(
        work,
        directory.organisation.id,
        channel=row.channel,
        country=directory.organisation.country,
        **row.person,
    )


async def _former(work: Work, directory: Directory, row: ImportedRow, known: Recognised, case_id: UUID) -> Former:
    routed = await _routed(work, directory, row, known)
    new = NewCase(
        customer_id=known.known_as,
        subject=row.subject,
        holder=routed.holder,
        channel=row.channel,
        language=row.language,
        promise=first_promise(directory, routed, row.reason, row.language, work),
        prefix=directory.organisation.prefix,
        department_id=routed.department_id,
        reason=row.reason,
        priority=routed.priority,
        rule_id=routed.rule_id,
        fields=row.attributes,
        opened_at=row.opened_at,
    )
    return Former(new, row.resolved_at, case_id)


async def _routed(work: Work, directory: Directory, row: ImportedRow, known: Recognised) -> Routed:
    """Where the row says that it goes, else where the rules send it."""
    if row.department_id is not None:
        holder = Holder(department=row.department_id)
        return Routed(holder, row.department_id, "normal", None, 0, None, None, None)
    request = routing.request_of(
        directory,
        at=work.now,
        channel=row.channel,
        reason=row.reason,
        language=row.language,
        customer=known.customer,
        place="",
        text=f"{row.subject}\n{row.text}",
        attributes=row.attributes,
    )
    return await routing.route(work, directory, request)
