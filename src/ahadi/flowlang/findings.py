"""What the check finds: a code, how severe, where, in one sentence, and a story."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ahadi.flowlang.model import Remark

Severity = Literal["error", "warning", "note"]

TITLES: Final[Mapping[str, str]] = {
    "AHD001": "dead end",
    "AHD002": "trapped",
    "AHD003": "cannot insist",
    "AHD004": "far from a person",
    "AHD005": "going in circles",
    "AHD006": "no way out of a menu",
    "AHD007": "unhandled outcome",
    "AHD008": "hours that are not true",
    "AHD009": "unfilled words",
    "AHD010": "go elsewhere",
    "AHD011": "unearned privilege",
    "AHD012": "unreachable",
    "AHD013": "holding without news",
    "AHD014": "cannot prove",
}
SEVERITIES: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(("AHD001", "AHD002", "AHD003", "AHD005", "AHD006", "AHD009", "AHD010", "AHD011"), "error"),
    **dict.fromkeys(("AHD004", "AHD007", "AHD008", "AHD012", "AHD013"), "warning"),
    "AHD014": "note",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a story: at a node of a flow, what was handed to `step` and how often in a row, and the words."""

    flow: str
    node: str
    outcome: str
    times: int
    sentence: str


@dataclass(slots=True, eq=False)
class Story:
    """A concrete contact, told step by step; put into words when somebody asks.

    Where it repeats for ever, `back_to` is the number of the step at which it begins anew.
    """

    _tell: Callable[[], tuple[tuple[Told, ...], str, int]]
    _known: tuple[tuple[Told, ...], str, int] | None = field(default=None, repr=False)

    def _told(self) -> tuple[tuple[Told, ...], str, int]:
        if self._known is None:
            self._known = self._tell()
        return self._known

    def steps(self) -> tuple[Told, ...]:
        """Its steps, in order."""
        return self._told()[0]

    def sentences(self) -> list[str]:
        """The story as sentences, with how it ends."""
        steps, close, _ = self._told()
        return [*(each.sentence for each in steps), *([close] if close else [])]

    @property
    def forever(self) -> bool:
        """Whether its last steps repeat without end."""
        return self._told()[2] >= 0

    @property
    def back_to(self) -> int:
        """The number of the step at which it begins anew."""
        return self._told()[2]


NO_STORY: Final = Story(lambda: ((), "", -1))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in a flow. `accepted` is the reason somebody accepted it for, until a day yet to come."""

    code: str
    severity: Severity
    file: str
    flow: str
    node: str
    line: int
    message: str
    story: Story = field(default=NO_STORY, compare=False)
    accepted: str = ""

    @property
    def title(self) -> str:
        """The finding's name in two or three words."""
        return TITLES[self.code]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was checked, with what its import did not understand and what its verdict rests on."""

    file: str
    flows: tuple[str, ...]
    nodes: int
    origin: str = "ahadi"
    assumptions: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `proved` names the flows in which every run ends well, whatever the world does."""

    files: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    proved: tuple[str, ...] = ()

    def worst(self) -> Severity | None:
        """The highest severity among findings that nobody accepted."""
        found = {each.severity for each in self.findings if not each.accepted}
        order: tuple[Severity, ...] = ("error", "warning", "note")
        return next((each for each in order if each in found), None)
