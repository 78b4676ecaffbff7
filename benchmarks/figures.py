"""Figures, whether they hold their goals, the table a person reads and the file a program reads."""

import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

LATEST = Path(__file__).with_name("latest.json")
_HOLDS = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold: of the ratio where a figure is compared with something, of the value where it is not."""

    sense: Literal["≥", "≤"]
    limit: float

    def held(self, figure: float) -> bool:
        return bool(_HOLDS[self.sense](figure, self.limit))

    def __str__(self) -> str:
        return f"{self.sense} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, beside what it was compared with, as (what, its value)."""

    name: str
    value: float
    unit: str
    compared: tuple[str, float] | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.compared[1] if self.compared else None

    @property
    def held(self) -> bool | None:
        """None where there is nothing to hold."""
        return self.goal.held(self.value if self.ratio is None else self.ratio) if self.goal else None

    def as_row(self) -> dict[str, object]:
        """What the file says of it."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "against": f"{self.compared[0]}: {_rounded(self.compared[1]):g} {self.unit}" if self.compared else None,
            "ratio": None if self.ratio is None else _rounded(self.ratio),
            "goal": str(self.goal) if self.goal else None,
            "held": self.held,
        }


def _rounded(value: float) -> float:
    """To four figures: the machine's noise is far above."""
    return float(f"{value:.4g}")


def write(figures: Sequence[Figure], path: Path = LATEST) -> None:
    path.write_text(
        json.dumps([each.as_row() for each in figures], indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def show(figures: Sequence[Figure], console: Console) -> None:
    """The table. Goals are those of the design; what was only measured has none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("figure", "value", "against", "ratio", "goal", ""):
        table.add_column(heading, justify="right" if heading in ("value", "ratio") else "left")
    for each in figures:
        row = each.as_row()
        table.add_row(
            each.name,
            f"{row['value']:g} {each.unit}",
            str(row["against"] or ""),
            "" if row["ratio"] is None else f"{row['ratio']:g}",
            str(row["goal"] or ""),
            {None: "", True: "[green]held[/]", False: "[red]not held[/]"}[each.held],
        )
    console.print(table)
