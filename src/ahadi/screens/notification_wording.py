"""What people are told away from the page, in their language: never a word that a customer wrote."""

from collections.abc import Sequence

from ahadi.notifications import Told
from ahadi.screens import moments
from ahadi.screens.languages import SOURCE_LANGUAGE, spoken
from ahadi.screens.reader import Reader, _, ngettext, place_of, reading
from ahadi.screens.wording import notice_text

_MOST = 100  # in one mail; the page has them all


class NotificationWording:
    """The words of push messages and mails."""

    def pushed(self, told: Told | None, language: str) -> tuple[str, str]:
        """Title and text of a push message."""
        with reading(Reader(spoken(language) or SOURCE_LANGUAGE)):
            if told is None:
                return _("Ahadi reaches you here"), _("This is how a notice will look in this browser.")
            return notice_text(told.kind), _where(told)

    def mailed(self, told: Sequence[Told], name: str, language: str, zone: str, home: str) -> tuple[str, str]:
        """Subject and text of a mail; one notice is its own subject."""
        reader = Reader(spoken(language) or SOURCE_LANGUAGE).on_the_clock_of(zone).at(told[-1].at)
        with reading(reader):
            if len(told) == 1:
                subject = " · ".join(filter(None, (notice_text(told[0].kind), told[0].reference)))
            else:
                subject = ngettext("{n} notice from Ahadi", "{n} notices from Ahadi", len(told)).replace(
                    "{n}", str(len(told))
                )
            lines = [_line(each, home) for each in told[-_MOST:]]
            if len(told) > _MOST:
                lines.append(_("And more, on the page of your notices: %(address)s") % {"address": f"{home}/notices"})
            greeting = _("Hello %(name)s,") % {"name": name}
            foot = _("Times are those of %(place)s.") % {"place": place_of(reader.zone.key)}
            change = _("Choose what reaches you here: %(address)s") % {"address": f"{home}/me/notifications"}
            return subject, "\n\n".join([greeting, *lines, f"{foot}\n{change}\n"])


def _line(told: Told, home: str) -> str:
    address = f"{home}/cases/{told.reference}" if told.reference else f"{home}/notices"
    return f"{moments.clock(told.at)}  {notice_text(told.kind)}\n{_where(told)}\n{address}"


def _where(told: Told) -> str:
    return " · ".join(filter(None, (told.reference, told.organisation)))


def about_name(about: str) -> str:
    """What a kind of notice is about, in the table of choices."""
    return {
        "offer": _("A case is offered to me"),
        "due-soon": _("A promise of mine is due soon"),
        "broken": _("A promise of mine was broken"),
        "passed": _("A case or a promise passes to me or from me"),
        "reply": _("A customer writes or calls about a case I hold"),
        "asked-for": _("A customer asks for me, or a case is brought before me"),
        "other": _("Everything else under Notices"),
    }[about]
