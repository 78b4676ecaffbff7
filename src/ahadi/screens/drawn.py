"""The smallest components, of which a page has hundreds: drawn here, where once for each is enough, and named in
`components.html` like the others.
"""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ahadi.base.clock import iso
from ahadi.screens import moments
from ahadi.screens.reader import present

_KEPT = 4096
# Icons that point somewhere: mirrored where writing runs from right to left.
TURNING = frozenset(
    {"arrow-left", "arrow-right", "chevron-left", "chevron-right", "log-out", "send", "undo-2", "reply", "list"}
)


_ICON = Markup('<svg class="{}"{}><use href="{}#{}"></use></svg>')
_SAID, _UNSAID = Markup(' role="img" aria-label="{}"'), Markup(' aria-hidden="true"')
_TIME, _COUNTED, _END = Markup('<time datetime="{}" title="{}"{}{}>'), Markup(" data-relative"), Markup("</time>")
_CLASS = Markup(' class="{}"')


class Drawn:
    """Components over the one set of icons, at its address."""

    def __init__(self, sprite: str) -> None:
        @lru_cache(_KEPT)
        def icon(name: str, label: str = "", class_: str = "") -> Markup:
            said = _SAID.format(label) if label else _UNSAID
            classes = " ".join(filter(None, ("icon", "icon-turns" if name in TURNING else "", class_)))
            return _ICON.format(classes, said, sprite, name)

        self.icon = icon

    @staticmethod
    def moment(at: datetime, class_: str = "") -> Markup:
        """Relative, with the exact time behind it; app.js counts on."""
        reader = present()
        return _begin(at, reader.zone, reader.language, class_, True) + moments.relative(at) + _END

    @staticmethod
    def clock_time(at: datetime, class_: str = "") -> Markup:
        """The time of day, with the exact time behind it."""
        reader = present()
        return _begin(at, reader.zone, reader.language, class_, False) + moments.clock(at) + _END


@lru_cache(_KEPT)
def _begin(at: datetime, _zone: ZoneInfo, _language: str, class_: str, counted: bool) -> Markup:
    """Where the moment begins: the same for every reader in a zone and a language."""
    named = _CLASS.format(class_) if class_ else ""
    return _TIME.format(iso(at), moments.exact(at), _COUNTED if counted else "", named)
