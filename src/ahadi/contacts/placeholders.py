"""Finds what looks like a hole that somebody forgot to fill: `{{name}}`, `[NAME]`, `Dear ,`, `insert name here`.

A heuristic for every text that leaves, typed by people as well as rendered. It prefers to hold a message for a person
once too often; still, ordinary brackets, prices and percentages must pass.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import nh3

_LINK = re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>\"']+")

# Words that stand for a value in other people's templates. A bracket that holds nothing else is a hole.
_FIELDS = (
    "name names firstname first lastname last surname fullname full fname lname username user customer customers "
    "client clients member recipient agent company organisation organization department address street city phone "
    "telephone mobile email mail date day time month year amount price total number no reference ref id account case "
    "ticket order invoice link url subject title reason placeholder variable field value text tbc tbd todo xxx "
    "jina mteja tarehe saa namba simu anwani kiasi"
)
_FIELD_WORDS = frozenset(_FIELDS.split())
_FILLS = "the of your our their a an s here and insert enter add fill in weka hapa la ya wa"
_FILL_WORDS = frozenset(_FILLS.split())
_DEAR = r"Dear|Mpendwa|Ndugu|Bwana|Bibi|Mheshimiwa"
_HELLO = r"Hello|Hi|Hey|Habari|Hujambo|Jambo|Good (?:morning|afternoon|evening|day)"


class _Sought(NamedTuple):
    """A kind of hole, and signs of which each such hole has one: most texts have none, and need no closer look."""

    signs: Sequence[str]  # in small letters; a string stands for its characters
    pattern: re.Pattern[str]


# Anywhere, links included: a link with a hole in it is a dead link.
_IN_ALL = (
    _Sought("{}", re.compile(r"\{\{[^{}\n]{0,80}(?:\}\}?)?|\}\}")),  # {{name}}, and what is left of one
    _Sought("{", re.compile(r"\{[%#][^\n]{0,80}")),  # {% if … %}
    _Sought("{", re.compile(r"[$#]\{[^{}\n]{0,80}\}")),  # ${name}
    _Sought("{", re.compile(r"\{\s*(?:[^\W\d_]|_|\d+\s*\})?[\w .'’-]{0,60}\}")),  # {name}, {insert name here}, {0}, {}
)
# In the text without its links.
_IN_TEXT = (
    _Sought("<«", re.compile(r"<<[^<>\n]{1,60}>>|«\s*\w+_\w+\s*»")),  # <<first_name>>, «First_Name»
    _Sought("[", re.compile(r"\[[A-Z][A-Z0-9]*_[A-Z0-9_]*\]")),  # [ACCT_NO]
    _Sought("[", re.compile(r"(?i)\[(?:insert|enter|weka)\s[^\[\]\n]{1,60}\]")),  # [insert amount due]
    _Sought("%", re.compile(r"%(?![0-9A-Fa-f]{2}%)[A-Za-z_][A-Za-z0-9_]+%|%%\w+%%|%\(\w+\)[sd]")),  # %NAME%, %(name)s
    _Sought(
        "*@#|_", re.compile(r"\*\|[\w:]+\|\*|(?<!\w)(@@|##|\|\|)\w+\1(?!\w)|(?<!\w)__[A-Z][A-Z_]+__(?!\w)")
    ),  # *|FNAME|*, ##NAME##
    _Sought(
        "_",
        re.compile(r"\$[A-Za-z]+_[A-Za-z_]+|(?i:(?<![\w@.])(?:first|last|customer|client|user|full)_name(?![\w@]))"),
    ),
    _Sought(
        ("insert", "weka"),
        re.compile(
            r"(?i)\b(?:insert|weka)\s+(?:(?:the|a|first|last|full|customer(?:['’]s)?|client(?:['’]s)?)\s+)*(?:name|jina)\b"
        ),
    ),
    _Sought(("lorem",), re.compile(r"(?i)\blorem ipsum\b")),
    _Sought("", re.compile(rf"(?im)(?:^|(?<=[.!?:]))[ \t]*(?:{_DEAR})[ \t]*[,.:;!–—-]")),  # Dear ,
    _Sought("", re.compile(rf"(?im)(?:^|(?<=[.!?:]))[ \t]*(?:{_DEAR})[ \t]*$")),
    _Sought("", re.compile(rf"(?im)^[ \t]*(?:{_HELLO})[ \t]+,")),  # Hello ,
    _Sought("", re.compile(rf"(?m)^[ \t]*(?i:{_DEAR}|{_HELLO})[ \t]+(?:None|null|undefined|NaN|nan|N/A|n/a)\b")),
)

_BRACKETED = re.compile(r"[\[<(]([^\[\]<>()\n]{1,60})[\]>)]")


def leftover_placeholders(text: str) -> list[str]:
    """What in this text looks like a placeholder nobody filled, each as it stands there, in order, without repeats."""
    return list(_leftover(text))


@lru_cache(8)  # a message is looked through when it was filled in and again by the checks of its channel
def _leftover(text: str) -> tuple[str, ...]:
    without_links = _LINK.sub(lambda link: "x" * len(link[0]), text)
    found = [*_matches(_IN_ALL, text), *_matches(_IN_TEXT, without_links)]
    found += [match for match in _BRACKETED.finditer(without_links) if _names_a_field(match[0][0], match[1])]
    return tuple(_in_order(text, found))


def _matches(kinds: Iterable[_Sought], text: str) -> Iterator[re.Match[str]]:
    folded = text.lower()
    for signs, pattern in kinds:
        if not signs or any(sign in folded for sign in signs):
            yield from pattern.finditer(text)


def _names_a_field(bracket: str, inside: str) -> bool:
    """`[customer's name]` and `(insert date here)` name a field, `[see note 3]` and `(today)` do not."""
    words = re.split(r"[\W_]+", inside.strip().casefold())
    if bracket == "(" and words[0] not in ("insert", "enter", "weka"):
        return False
    return not _FIELD_WORDS.isdisjoint(words) and all(word in _FIELD_WORDS | _FILL_WORDS for word in words if word)


def _in_order(text: str, found: list[re.Match[str]]) -> list[str]:
    """The longest of those that overlap."""
    holes, end = [], 0
    for match in sorted(found, key=lambda match: (match.start(), -match.end())):
        if match.start() >= end:
            holes.append(text[match.start() : match.end()].strip())
            end = match.end()
    return list(dict.fromkeys(holes))


_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_END_OF_LINE = re.compile(r"(?i)<(?:br|/p|/div|/h[1-6]|/li|/td|/tr)\b[^<>]*>")


def leftover_placeholders_in_html(source: str) -> list[str]:
    """The same for HTML: its readable text, and holes in the links and other attributes of its tags."""
    tags = html.unescape(" ".join(_TAG.findall(source)))
    in_tags = _in_order(tags, list(_matches(_IN_ALL, tags)))
    readable = nh3.clean(_END_OF_LINE.sub("\n", source), tags=set())  # nothing stays but text; styles go with content
    return list(dict.fromkeys(in_tags + leftover_placeholders(html.unescape(readable))))
