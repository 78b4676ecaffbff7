"""`benchmarks/run`: measure, print the table, write latest.json. The exit code is 1 when a goal is not held."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import figures, measurements, peers

SCRATCH = Path(__file__).resolve().parent.parent / "data" / "bench"


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="cases, scale, desk, search, live or memory; all of them when left out.")
    ] = None,
    quick: Annotated[
        bool, typer.Option(help="Prove the scripts on little data: no measurement, nothing written.")
    ] = False,
    scratch: Annotated[Path, typer.Option(help="Folder for what is made; kept, the next run is quicker.")] = SCRATCH,
) -> None:
    """Measure Ahadi against its floor and its peers."""
    notes = Console(stderr=True, highlight=False)
    unknown = set(only or ()) - measurements.ALL.keys()
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))} is none of {', '.join(measurements.ALL)}.")
    if not peers.scripts():
        notes.print("AHADI_PEERS is not set, so there are no peers to compare with: the floor alone.")
    extent = measurements.Extent.quick(scratch / "quick") if quick else measurements.Extent(scratch)
    found = [
        figure
        for name, measured in measurements.ALL.items()
        if not only or name in only
        for figure in measured(extent, notes.print)
    ]
    figures.show(found, Console(width=None if sys.stdout.isatty() else 140))
    if not quick and not only:
        figures.write(found)
    raise typer.Exit(1 if any(each.held is False for each in found) and not quick else 0)


typer.run(main)
