"""Text in forms that can be compared, searched and shown."""

import re
import unicodedata


def fold(text: str) -> str:
    """A form for comparing and searching: compatibility-composed, without accents or case, single spaces.

    PostgreSQL's `simple` configuration neither folds accents nor knows every letter's case, so this is done here.
    """
    if text.isascii():  # nothing to decompose
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.split())


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return re.findall(r"\w+", fold(text))


def slug(text: str) -> str:
    """A short name for addresses: `Customer Care` becomes `customer-care`."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(text)))


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line without control characters, cut with an ellipsis at `limit` characters."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in line).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def browser_name(agent: str | None) -> str:
    """What a browser calls itself, in the two words that tell it from another."""
    text = agent or ""
    names = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS"}
    name = next((shown for part, shown in names.items() if f"{part}/" in text), text.split("/")[0][:20] or "–")
    system = next((shown for part, shown in (systems | {"Linux": "Linux"}).items() if part in text), "")
    return f"{name}, {system}" if system else name
