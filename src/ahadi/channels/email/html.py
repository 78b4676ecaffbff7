"""HTML from strangers: cleaned until it can be shown inside a page, and read as plain text."""

import re
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import unquote

import nh3

from ahadi.channels.email.charsets import line, sound

# Stands where a picture from elsewhere was: loading it would tell the sender who reads, when and where.
REMOTE_IMAGE = "cid:remote-image"

_BLOCKS = {"address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "figure", "footer", "header"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr"}
_BLOCKS |= {"ul", "caption", "tbody", "thead", "tfoot"}
_APART = {"p", "blockquote", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
_INLINE = {"a", "abbr", "b", "bdi", "big", "br", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd", "mark"}
_INLINE |= {"q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "td", "th", "time", "tt", "u", "var"}
_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "object",
    "applet",
    "iframe",
    "svg",
    "math",
    "select",
}
_WITH_CONTENT |= {"textarea", "button", "audio", "video", "canvas", "frameset", "noembed", "noframes", "xmp", "map"}
_ATTRIBUTES = {
    "*": {"dir", "lang", "style"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type"},
    "time": {"datetime"},
}
_LINKS = {"http", "https", "mailto", "tel"}
_STYLES = {"text-align", "font-weight", "font-style", "text-decoration", "white-space"}
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,30})")
# These close themselves or are closed by their next of kind, so they add no depth (HTML, 13.1.2.4).
_SHALLOW = {"br", "img", "hr", "meta", "link", "input", "col", "wbr", "p", "li", "td", "th", "tr", "dd", "dt", "o:p"}
_DEEPEST, _MOST_REFERENCES = 300, 50_000
_MOST_MARKS = 10
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [^ =>]+="[^"]*")*)>|([^<]+)')


@dataclass(frozen=True, slots=True)
class Cleaned:
    html: str
    blocked_images: int = 0


def clean(html: str) -> Cleaned:
    """The HTML without scripts, forms, styles, pictures from elsewhere and tracks back; empty where nothing is left.

    Links open apart and pass nothing on (`noopener noreferrer nofollow`); pictures sent along stay as `cid:` with
    the content id of their attachment. Beyond 300 levels of nesting or 50,000 character references nothing is left:
    parsing them would take minutes.
    """
    if html.count("&") > _MOST_REFERENCES or _depth(html) > _DEEPEST:
        return Cleaned("")
    blocked = 0

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal blocked
        if (tag, name) == ("img", "src"):
            kind, _, rest = value.strip().partition(":")
            if kind.lower() == "cid":
                return "cid:" + line(unquote(rest), 200).strip("<>")
            blocked += 1
            return REMOTE_IMAGE
        if name == "href":
            return value if value.partition(":")[0].lower() in _LINKS else None
        if name in ("width", "height"):
            return value if re.fullmatch(r"\d{1,4}%?", value) else None
        if name in ("colspan", "rowspan", "start"):
            return value if re.fullmatch(r"\d{1,3}", value) else None
        return line(value, 2000)

    cleaned = nh3.clean(
        html,
        tags=_BLOCKS | _INLINE,
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=_LINKS | {"cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={
            "a": {"target": "_blank"},
            "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
        },
        filter_style_properties=_STYLES,
    )
    return Cleaned(sound(cleaned).strip(), blocked)


def _depth(html: str) -> int:
    """At least as deep as the elements nest, in one pass; closing tags count only against openings of their name."""
    open_tags: dict[str, int] = {}
    depth = deepest = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _SHALLOW:
            continue
        if not match[1]:
            open_tags[name] = open_tags.get(name, 0) + 1
            depth += 1
            deepest = max(deepest, depth)
        elif open_tags.get(name):
            open_tags[name] -= 1
            depth -= 1
    return deepest


def to_text(cleaned: str, most: int = 1_000_000) -> str:
    """The words of cleaned HTML as plain text: paragraphs as lines, list items with a dash, quotations with `> `.

    It reads what `clean` returns and nothing else: there, tags are whole and attributes always in double quotes.
    What lies beyond `most` characters is left out.
    """
    reader = _Reader(most)
    for match in _TOKEN.finditer(cleaned):
        if match[4]:
            reader.words(unescape(match[4]))
        elif match[1]:
            reader.closed(match[2])
        else:
            reader.opened(match[2], match[3])
        if reader.room <= 0:
            break
    return reader.text()


def without_tags(html: str) -> str:
    """The words of HTML that is too tangled to be parsed: tags cut out, nothing else understood."""
    return sound(re.sub(r"[ \t\n]{3,}", "\n\n", re.sub(r"<[^<>]{0,10000}>", " ", html))).strip()


def from_text(text: str) -> str:
    """Plain text as HTML with the same lines."""
    paragraphs = re.split(r"\n{2,}", text.strip("\n"))
    return "".join(f"<p>{escape(each, quote=False).replace(chr(10), '<br>')}</p>" for each in paragraphs)


class _Reader:
    def __init__(self, room: int) -> None:
        self.room = room
        self._lines: list[str] = []
        self._current: list[str] = []
        self._quoted = self._preformatted = 0
        self._item = self._apart = False

    def opened(self, tag: str, attributes: str) -> None:
        if tag in ("td", "th") and self._current:
            self._current.append("\t")
        elif tag == "br":
            self._end_line()
        elif tag == "img" and (alternative := re.search(r' alt="([^"]+)"', attributes)):
            self._current.append(f"[{unescape(alternative[1])}]")
        elif tag in _BLOCKS:
            self._block(tag, 1)

    def closed(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._block(tag, -1)

    def words(self, data: str) -> None:
        self.room -= len(data)
        if not self._preformatted:
            self._current.append(re.sub(r"[ \t\n\f\r]+", " ", data))
            return
        for number, each in enumerate(data.split("\n")):
            if number:
                self._end_line()
            self._current.append(each)

    def _block(self, tag: str, step: int) -> None:
        self._end_block()
        self._apart |= tag in _APART
        self._quoted += step if tag == "blockquote" else 0
        self._preformatted += step if tag == "pre" else 0
        if tag == "li":
            self._item = step > 0

    def _end_block(self) -> None:
        if any(piece.strip() for piece in self._current):
            self._end_line()
        self._current.clear()

    def _end_line(self) -> None:
        words = "".join(self._current)
        words = words.rstrip() if self._preformatted else re.sub(r" *\t *", "\t", re.sub(r" {2,}", " ", words)).strip()
        self._current.clear()
        mark = "> " * min(self._quoted, _MOST_MARKS)
        if self._apart and self._lines and words:
            self._lines.append(mark.rstrip())
        if words and self._item:
            words = f"- {words}"
        self._item, self._apart = self._item and not words, self._apart and not words
        self._lines.append(mark + words if words else mark.rstrip())
        self.room -= len(mark) + 1

    def text(self) -> str:
        self._end_block()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).replace("\xa0", " ").strip("\n")
