"""Colours as people see them: contrast (WCAG 2.2, 1.4.3) and mixing, in sRGB. A colour is `#rrggbb`."""

import re
from dataclasses import dataclass

LEGIBLE = 4.5  # the least contrast of text (level AA)
_WHITE, _BLACK = "#ffffff", "#000000"
# The darkest ground that text stands on in light, and the lightest in dark.
_GROUND, _DARK_GROUND = "#eaeeeb", "#1d2623"
_STEPS = 100


def is_colour(text: str) -> bool:
    """Whether a text is a colour."""
    return re.fullmatch("#[0-9a-fA-F]{6}", text) is not None


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with so much of another in it, 0 to 1."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    linear = [
        value / 12.92 if (value := part / 255) <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour for one of light and dark: of links and buttons, the same when pressed, what stands on it, a wash
    behind text, a line."""

    accent: str
    strong: str
    on: str
    wash: str
    line: str


def light_shades(colour: str) -> Shades:
    """Shades on light grounds: the colour itself where it can be read there, else a darker one."""
    for step in range(_STEPS + 1):
        accent = mixed(colour, _BLACK, step / _STEPS)
        wash = mixed(_WHITE, accent, 0.1)
        if all(contrast(accent, each) >= LEGIBLE for each in (_GROUND, _WHITE, wash)):
            break
    return Shades(accent, mixed(accent, _BLACK, 0.25), _WHITE, wash, mixed(_WHITE, accent, 0.4))


def dark_shades(colour: str) -> Shades:
    """Shades on dark grounds: the colour itself where it can be read there, else a lighter one."""
    for step in range(_STEPS + 1):
        accent = mixed(colour, _WHITE, step / _STEPS)
        wash = mixed("#161d1b", accent, 0.16)
        if all(contrast(accent, each) >= LEGIBLE for each in (_DARK_GROUND, wash, "#06110e")):
            break
    return Shades(accent, mixed(accent, _WHITE, 0.35), "#06110e", wash, mixed("#161d1b", accent, 0.45))


def legible(colour: str) -> str:
    """The colour when it can be read on light grounds, else the nearest darker one that can."""
    return light_shades(colour).accent
