"""`ahadi backup` and `ahadi restore`: everything in one file, and back into an empty database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings, read_settings

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write, such as ahadi-2026-11-24.backup.")],
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write everything to one file, while Ahadi may run. The secret key is not in it: keep a copy of that apart."""
    from dataclasses import asdict

    from ahadi.main.start import tell
    from ahadi.platform.database import backup as backups
    from ahadi.platform.database.embedded import EmbeddedServer

    settings = read_settings(data=data)
    if settings.database_url:
        manifest = backups.backup(_owner(settings), target)
    else:
        with EmbeddedServer(settings.data, report=tell) as connections:
            manifest = backups.backup(connections.superuser, target)
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    typer.echo(f"Everything is in {target}. The secret key is not: keep a copy of it in another place.")


def restore(
    source: Annotated[Path, typer.Argument(help="A file that `ahadi backup` wrote.")],
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty database: a new data folder, or an empty database at AHADI_OWNER_DATABASE_URL."""
    from dataclasses import asdict

    from ahadi.main.start import Addresses, bring_up_to_date, tell
    from ahadi.platform.database import backup as backups
    from ahadi.platform.database.embedded import EmbeddedServer

    settings = read_settings(data=data)
    backups.read_manifest(source)
    if settings.database_url:
        manifest = backups.restore(source, _owner(settings))
        bring_up_to_date(Addresses(settings.database_url, _owner(settings)))
    else:
        with EmbeddedServer(settings.data, report=tell) as connections:
            manifest = backups.restore(source, connections.owner)
            bring_up_to_date(Addresses(connections.app, connections.owner))
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    typer.echo(f"Restored what was backed up at {manifest.made_at}. Put the secret key back before you start Ahadi.")


def _owner(settings: Settings) -> str:
    if not settings.owner_database_url:
        raise SetupError(
            "Set AHADI_OWNER_DATABASE_URL: a backup is read by a role that sees past row-level security, and restored"
            " by the one that owns the tables."
        )
    return settings.owner_database_url
