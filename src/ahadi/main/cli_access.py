"""Who may come in, from the command line: `ahadi user` and `ahadi token`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ahadi.platform.settings import read_settings

DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database and the secret key.")]

user = typer.Typer(help="People who sign in.", no_args_is_help=True)
token = typer.Typer(help="Programs that use the API.", no_args_is_help=True)


@token.command("create")
def create_token(
    organisation: Annotated[str, typer.Option(help="Slug of the organisation the token is for.")],
    scopes: Annotated[str, typer.Option(help="`all`, or permissions separated by commas.")],
    data: DataFolder = None,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    days: Annotated[int, typer.Option(help="Days after which it expires.")] = 365,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Make a token and print it, once; it works at once, whether or not Ahadi runs."""
    from ahadi.main.access import new_token
    from ahadi.main.start import with_installation

    secret = with_installation(
        read_settings(data=data),
        lambda installation: new_token(installation, organisation, name, scopes.split(","), days),
    )
    typer.echo(json.dumps({"token": secret}) if as_json else secret)


@user.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="Address the person signs in with.")],
    organisation: Annotated[str, typer.Option(help="Slug of the organisation they serve.")],
    name: Annotated[str, typer.Option(help="Their name; the address's first part when left out.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="agent, specialist, manager, supervisor, administrator.")
    ] = None,
    data: DataFolder = None,
    port: Annotated[int | None, typer.Option(help="The port that `ahadi run` was given, for the link.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Add a person, or roles to one, and print a one-time link by which they choose their password."""
    from ahadi.main.access import invited
    from ahadi.main.start import with_installation

    added = with_installation(
        read_settings(data=data, port=port),
        lambda installation: invited(installation, organisation, email, name, role or ["agent"]),
    )
    if as_json:
        typer.echo(json.dumps({"link": added.link, "done": added.done}))
    else:
        typer.echo(f"{added.done}\nOpen this once, within seven days: {added.link}")
