"""`ahadi apply`: an organisation from one readable file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ahadi.base.errors import SetupError
from ahadi.platform.settings import read_settings

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]


def apply(
    file: Annotated[Path, typer.Argument(help="The organisation as a file; docs/reference/setup-file.md explains it.")],
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Make an organisation what a file says, and say what changed; applying it again changes nothing."""
    from ahadi.directory.setup import SetupRefused
    from ahadi.main.apply import apply_text
    from ahadi.main.start import with_installation

    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise SetupError(f"{file} is no UTF-8 text; save it as UTF-8.") from problem
    try:
        done = with_installation(read_settings(data=data), lambda installation: apply_text(installation.database, text))
    except SetupRefused as refused:
        if as_json:
            typer.echo(json.dumps(refused.fields))
        else:
            lines = [f"{file} was not applied, and nothing was changed:", *map(str, refused.problems)]
            typer.echo("\n".join(lines), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(done.content()))
        return
    typer.echo("\n".join(done.lines()))
    for remark in done.remarks:
        typer.echo(remark, err=True)
