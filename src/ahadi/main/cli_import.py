"""`ahadi import` and `ahadi export`: cases from another system, and everything of an organisation as a file."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ahadi.base.errors import SetupError
from ahadi.platform.settings import read_settings

if TYPE_CHECKING:
    from ahadi.intake import Exported, ImportMap, ImportProgress
    from ahadi.main.wiring import Installation

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def import_file(
    file: Annotated[Path, typer.Argument(help="Rows of another system: CSV or JSON Lines.")],
    map_file: Annotated[
        Path, typer.Option("--map", help="Which column means what; docs/how-to/import.md explains it.")
    ],
    organisation: Annotated[
        str | None, typer.Option(help="Slug of the organisation, where the map names none.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rows go that are not taken, with the reasons.")] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a case of each row of a file. Run again, or after it was interrupted, it takes no row twice."""
    from ahadi.intake import import_file as import_rows_of
    from ahadi.main.start import with_installation

    map_ = _read_map(map_file, as_json)

    async def deed(installation: "Installation") -> "ImportProgress":
        organisation_id = await _organisation(installation, organisation or map_.organisation)
        with _progress(f"Importing {file.name}") as report:
            return await import_rows_of(
                installation.database,
                organisation_id,
                file,
                map_,
                rejects=rejects,
                report=lambda progress: report(progress.done, progress.rows),
            )

    done = with_installation(read_settings(data=data), deed, name="import")
    if as_json:
        shown = {"rows": done.rows, "accepted": done.accepted, "already": done.already, "rejected": done.rejected}
        typer.echo(json.dumps(shown | {"rejects": str(done.rejects) if done.rejects else None}))
        return
    typer.echo(f"{done.accepted} of {done.rows} rows became cases; {done.already} were there already.")
    if done.rejects:
        typer.echo(f"{done.rejected} were not taken; {done.rejects} holds them with the reasons.")


def export_organisation(
    organisation: Annotated[str | None, typer.Option(help="Slug of the organisation.")] = None,
    out: Annotated[Path | None, typer.Option(help="New file: .zip, or .jsonl for one file of lines.")] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write everything of an organisation to a file, from one moment, without its secrets."""
    from ahadi.directory import get_organisation
    from ahadi.intake import export_organisation as write_out
    from ahadi.main.start import with_installation
    from ahadi.platform.database import Actor

    async def deed(installation: "Installation") -> "Exported":
        organisation_id = await _organisation(installation, organisation)
        async with installation.database.read(Actor.system([])) as work:
            found = await get_organisation(work, organisation_id)
        path = out or Path(f"{found.slug if found else organisation}.zip")
        with _progress(f"Exporting to {path.name}") as report:
            return await write_out(installation.database, organisation_id, path, report=report)

    done = with_installation(read_settings(data=data), deed, name="export")
    if as_json:
        typer.echo(json.dumps({"path": str(done.path), "counts": done.counts, "files": done.files}))
        return
    typer.echo(f"{done.path} holds {sum(done.counts.values())} records and {done.files} files.")


def _read_map(path: Path, as_json: bool) -> "ImportMap":
    from ahadi.intake import MapRefused, read_map

    try:
        return read_map(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as problem:
        raise SetupError(f"{path} is no UTF-8 text; save it as UTF-8.") from problem
    except FileNotFoundError as problem:
        raise SetupError(f"There is no map {path}; docs/how-to/import.md shows how to write one.") from problem
    except MapRefused as refused:
        if as_json:
            typer.echo(json.dumps(refused.fields))
        else:
            lines = [f"{path} cannot be used, and nothing was imported:", *map(str, refused.problems)]
            typer.echo("\n".join(lines), err=True)
        raise typer.Exit(1) from None


async def _organisation(installation: "Installation", named: str | None) -> UUID:
    """The organisation named, or the only one there is."""
    from ahadi.directory import all_organisations
    from ahadi.platform.database import Actor

    async with installation.database.read(Actor.system([])) as work:
        there = await all_organisations(work)
    if named is None and len(there) == 1:
        return there[0].id
    if named is None:
        slugs = ", ".join(each.slug for each in there) or "none yet: make one with `ahadi apply SETUP.yaml`"
        raise SetupError(f"Say with --organisation which organisation this is for; there are {slugs}.")
    found = next((each.id for each in there if each.slug == named), None)
    if found is None:
        raise SetupError(f"There is no organisation {named}; make it with `ahadi apply SETUP.yaml`.")
    return found


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far something has come: a bar for a person, a line at every tenth for a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what).report
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@dataclass
class _Lines:
    """Tells a log how far something has come, at most ten times."""

    what: str
    tenths: int = 0

    def report(self, done: int, total: int) -> None:
        tenths = 10 * done // total if total else 10
        if tenths > self.tenths:
            self.tenths = tenths
            typer.echo(f"{self.what}: {done} of {total}", err=True)
