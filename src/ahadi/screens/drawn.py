"""The smallest components, of which a page has hundreds: drawn here, where once for each is enough, and named in
`components.html` like the others.
"""

from datetime import datetime
from functools import lru_cache
from uuid import UUID
from zlib import crc32
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ahadi.base.clock import iso
from ahadi.screens import moments
from ahadi.screens.reader import _, present
from ahadi.screens.wording import channel_name, kind_name

Key = UUID | str | datetime
_KEPT = 4096
# Icons that point somewhere: mirrored where writing runs from right to left.
TURNING = frozenset(
    {"arrow-left", "arrow-right", "chevron-left", "chevron-right", "log-out", "send", "undo-2", "reply", "list"}
)


_ICON = Markup('<svg class="{}"{}><use href="{}#{}"></use></svg>')
_SAID, _UNSAID = Markup(' role="img" aria-label="{}"'), Markup(' aria-hidden="true"')
_TIME, _COUNTED, _END = Markup('<time datetime="{}" title="{}"{}{}>'), Markup(" data-relative"), Markup("</time>")
_CLASS = Markup(' class="{}"')
_BADGE = Markup('<span class="badge{}">{}{}</span>')
_AVATAR = Markup('<span class="avatar hue-{}{}" aria-hidden="true">{}</span>')
_CHANNEL = Markup('<span class="channel" title="{}">{}</span>')
_CHANNEL_ICONS = {"phone": "phone", "email": "mail", "chat": "message-square", "sms": "message-square"}
_DUE = Markup('<span class="due due-{near}" data-due="{near}">{icon}{near_said}{kind} ')
_DUE_KIND, _DUE_CLOCK = Markup(' <span class="due-kind">{}</span>'), Markup(' <span class="due-clock">{}</span>')
_DUE_END = Markup("</span>")


class Drawn:
    """Components over the one set of icons, at its address.

    What is kept is kept by type, too (`typed`): a text that is safe as it stands is another than one that is not.
    """

    def __init__(self, sprite: str) -> None:
        @lru_cache(_KEPT, typed=True)
        def icon(name: str, label: str = "", class_: str = "") -> Markup:
            said = _SAID.format(label) if label else _UNSAID
            classes = " ".join(filter(None, ("icon", "icon-turns" if name in TURNING else "", class_)))
            return _ICON.format(classes, said, sprite, name)

        @lru_cache(_KEPT, typed=True)
        def badge(text: str, tone: str = "", icon_name: str = "") -> Markup:
            return _BADGE.format(f" badge-{tone}" if tone else "", icon(icon_name) if icon_name else "", text)

        @lru_cache(_KEPT, typed=True)
        def named_channel(value: str, name: str) -> Markup:
            return _CHANNEL.format(name, icon(_CHANNEL_ICONS.get(value, "globe"), name))

        @lru_cache(_KEPT, typed=True)
        def begin_due(near: moments.Urgency, kind: str, _language: str) -> Markup:
            picture = {"overdue": "triangle-alert", "soon": "alarm-clock"}.get(near, "clock")
            told = {"overdue": _("Overdue"), "soon": _("Soon")}.get(near)
            return _DUE.format(
                near=near,
                icon=icon(picture),
                near_said=Markup("<b>{}</b>").format(told) if told else "",
                kind=_DUE_KIND.format(kind_name(kind)) if kind else "",
            )

        self.icon, self.badge, self._named_channel, self._begin_due = icon, badge, named_channel, begin_due

    def channel(self, value: str) -> Markup:
        """The way something came or goes, as an icon."""
        return self._named_channel(value, channel_name(value))

    def due(self, at: datetime, kind: str = "", clock: bool = True, zone: str = "") -> Markup:
        """When a promise is due: how near it is shows in words, icon and colour. Its clock is that of `zone`, where
        that is another."""
        near = moments.urgency(at)
        begin = self._begin_due(near, kind, present().language) + self.moment(at)
        if clock and near != "overdue":
            begin += _DUE_CLOCK.format(moments.clock_there(at, zone) or moments.clock(at))
        return begin + _DUE_END

    @staticmethod
    @lru_cache(_KEPT, typed=True)
    def avatar(name: str, key: Key = "", class_: str = "") -> Markup:
        """Two letters for a name, in the colour of whoever it is."""
        return _AVATAR.format(hue(key), f" {class_}" if class_ else "", initials(name))

    @staticmethod
    def moment(at: datetime, class_: str = "") -> Markup:
        """Relative, with the exact time behind it; app.js counts on."""
        reader = present()
        return _begin(at, reader.zone, reader.locale, class_, True) + moments.relative(at) + _END

    @staticmethod
    def clock_time(at: datetime, class_: str = "") -> Markup:
        """The time of day, with the exact time behind it."""
        reader = present()
        return _begin(at, reader.zone, reader.locale, class_, False) + moments.clock(at) + _END


@lru_cache(_KEPT)
def _begin(at: datetime, _zone: ZoneInfo, _locale: str, class_: str, counted: bool) -> Markup:
    """Where the moment begins: the same for every reader in a zone who writes dates alike."""
    named = _CLASS.format(class_) if class_ else ""
    return _TIME.format(iso(at), moments.exact(at), _COUNTED if counted else "", named)


def initials(name: str) -> str:
    """Two letters that stand for a name."""
    parts = [each for each in name.replace("-", " ").split() if each[0].isalnum()]
    if not parts:
        return "?"
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def hue(key: Key) -> int:
    """One of eight colours, always the same for the same thing."""
    return crc32(str(key).encode()) % 8 + 1
