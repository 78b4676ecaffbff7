"""`ahadi doctor`: whether all is as it must be, from the command line."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings, read_settings

if TYPE_CHECKING:
    from ahadi.main.doctor_model import Finding

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]
_COLOURS = {"ok": "green", "attention": "yellow", "bad": "red"}


def doctor(
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Look at everything that must hold and say what to do. It changes nothing; exit code 1 where something is bad."""
    from ahadi.main.doctor_model import is_healthy

    found = _examined(read_settings(data=data))
    healthy = is_healthy(found)
    if as_json:
        findings = [
            {"check": each.check, "state": each.state, "sentence": each.sentence, "facts": each.facts} for each in found
        ]
        typer.echo(json.dumps({"healthy": healthy, "findings": findings}))
    else:
        _tell(found)
    raise typer.Exit(0 if healthy else 1)


def _examined(settings: Settings) -> "list[Finding]":
    import asyncio

    from ahadi.main.doctor import examine
    from ahadi.main.start import database_at
    from ahadi.main.wiring import install

    if not settings.database_url and not (settings.data / "pg").exists():
        raise SetupError(f"There is no Ahadi in {settings.data}; name its folder with --data, or start one there.")
    with database_at(settings) as addresses, _progress() as progress:
        return asyncio.run(examine(settings, install(settings, addresses.app, name="doctor").database, progress))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Replaying the journal", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(found: "Sequence[Finding]") -> None:
    for each in found:
        state = typer.style(f"{each.state:<9}", fg=_COLOURS[each.state], bold=each.state == "bad")
        typer.echo(f"{state}  {each.check:<11}  {each.sentence}")
