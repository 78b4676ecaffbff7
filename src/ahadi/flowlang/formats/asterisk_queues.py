"""What queues.conf says of how customers wait (docs.asterisk.org; the comments of queues.conf.sample)."""

from collections.abc import Mapping

from ahadi.flowlang.formats.asterisk_lines import Section, sections_of
from ahadi.flowlang.formats.asterisk_places import Queue
from ahadi.flowlang.model import Remark

_OFF = ("no", "false", "0", "off", "n", "f", "")


def queues_of(text: str, file: str) -> tuple[Mapping[str, Queue], list[Remark]]:
    """The queues of a file by name. Raises `FlowRefused` where it is too long."""
    sections, remarks = sections_of(text, file)
    found = {each.name: _queue(each) for each in sections if each.name != "general" and not each.template}
    return found, remarks


def _queue(section: Section) -> Queue:
    given = {each.key.lower(): each.value.strip() for each in section.items}
    news = []
    every = given.get("announce-frequency", "0")
    if every.isdigit() and int(every[:9]):
        if given.get("announce-position", "yes").lower() not in _OFF:
            news.append("position")
        if given.get("announce-holdtime", "no").lower() not in _OFF:
            news.append("estimate")
    joins = given.get("joinempty", "yes").lower()
    leaves = given.get("leavewhenempty", "no").lower()
    longest = given.get("maxlen", "0")
    return Queue(
        section.name, section.line, tuple(news), given.get("context", ""),
        empty=joins not in ("yes", "") or leaves not in ("no", ""),
        limited=longest.isdigit() and int(longest[:9]) > 0,
    )  # fmt: skip
