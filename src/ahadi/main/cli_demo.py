"""`ahadi demo`: a living demo, with one-click sign-in, on this machine alone."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings, read_settings


def demo(
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the demo's own database.")] = None,
    port: Annotated[int | None, typer.Option(help="Port the web server listens on.")] = None,
    still: Annotated[bool, typer.Option("--still", help="Load the demo and play nothing.")] = False,
) -> None:
    """Run the demo: an electricity utility, an internet provider and a clinic, and a day that plays in fast motion."""
    from ahadi.main import serve
    from ahadi.main.start import with_installation

    folder = data or Path("data") / "demo"
    level = None if {"AHADI_LOG_LEVEL", "AHADI_LOG_LEVEL_FILE"} & os.environ.keys() else "warning"
    settings: Settings = read_settings(
        data=folder, port=port, demo=True, clock="running", demo_plays=not still, log_level=level
    )
    if settings.database_url:
        raise SetupError("The demo makes a database of its own; unset AHADI_DATABASE_URL to run it.")
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        raise SetupError("The demo signs anybody in by one click, so it runs on 127.0.0.1 only; unset AHADI_HOST.")
    from ahadi.main.alone import must_share_the_clock, only_demo
    from ahadi.main.demo import load
    from ahadi.main.sense import must_make_sense
    from ahadi.main.wiring import Installation

    async def prepare(installation: Installation) -> None:
        await must_share_the_clock(installation)
        await load.load(installation, lambda line: typer.echo(line, err=True))
        await load.set_pace(installation, 1.0 if still else load.PACE)

    must_make_sense(settings)
    with only_demo(folder, settings.links_from()):
        with serve.listening(settings):
            pass  # a port in use is told before the demo is loaded
        with_installation(settings, prepare, name="demo")
        ended = serve.run(settings, say=lambda line: typer.echo(line), welcome=_welcome(settings))
    again = "make demo" if data is None else f"ahadi demo --data {data}"
    typer.echo(f"Stopped; `{again}` goes on from here.")
    sys.exit(ended)


def _welcome(settings: Settings) -> str:
    address = f"{settings.links_from()}/sign-in"
    return f"Sign in with one click, as an agent, specialist, manager, supervisor or administrator: {address}"
