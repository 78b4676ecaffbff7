"""Words as other formats write them, made plain: marks for speech, placeholders of templates, variables."""

import math
import re
from collections.abc import Iterator
from typing import Final

from ahadi.flowlang.model import Words, words_of

_CHARACTERS_A_SECOND: Final = 15
_BREAK: Final = re.compile(r"<break\b[^<>]*?\btime\s*=\s*[\"']?(\d{1,4}(?:\.\d{1,3})?)(ms|s)", re.IGNORECASE)
_MARK: Final = re.compile(r"<[^<>]*>")
_PLACEHOLDER: Final = re.compile(r"\$\{([^{}]*)\}")
_CONNECT: Final = re.compile(r"\$\.([A-Za-z_]\w*(?:(?:\.\w+)|(?:\[['\"]?[^\[\]'\"]{1,100}['\"]?\]))*)")
_LIQUID: Final = re.compile(r"\{\{([^{}]*)\}\}")
_LIQUID_TAG: Final = re.compile(r"\{%[^{}%]*%\}")
_DEFAULT: Final = re.compile(r"\|\s*default\s*:\s*(['\"])([^'\"]*)\1")
_IN_BRACKETS: Final = re.compile(r"\[['\"]?([^\[\]'\"]*)['\"]?\]")

# The language that a voice of a text-to-speech service speaks.
_VOICES: Final = {
    "en": "Joanna Matthew Amy Brian Emma Ivy Joey Justin Kendra Kimberly Salli Nicole Russell Olivia Raveena Geraint "
    "Kevin Ruth Stephen Ayanda Aria Niamh Danielle Gregory Kajal Arthur Patrick Alice Man Woman",
    "es": "Conchita Enrique Lucia Mia Lupe Miguel Penelope Pedro Sergio Andres",
    "fr": "Celine Lea Mathieu Chantal Gabrielle Liam Remi Isabelle",
    "de": "Marlene Vicki Hans Hannah Daniel Sabrina",
    "it": "Carla Bianca Giorgio Adriano",
    "pt": "Camila Vitoria Ricardo Thiago Ines Cristiano",
    "ja": "Mizuki Takumi Kazuha Tomoko",
    "ko": "Seoyeon Jihye",
    "zh": "Zhiyu Hiujin",
    "hi": "Aditi",
    "nl": "Lotte Ruben Laura Lisa",
    "pl": "Ewa Jan Jacek Maja Ola",
    "ru": "Tatyana Maxim",
    "sv": "Astrid Elin",
    "nb": "Liv Ida",
    "da": "Naja Mads Sofie",
    "tr": "Filiz Burcu",
    "ar": "Zeina Hala Zayd",
    "ca": "Arlet",
    "cy": "Gwyneth",
    "is": "Dora Karl",
    "ro": "Carmen",
    "fi": "Suvi",
    "cs": "Jitka",
}
_LANGUAGE_OF: Final = {voice.lower(): language for language, voices in _VOICES.items() for voice in voices.split()}


def language_of(voice: str) -> str:
    """The language that a voice speaks (`Joanna`, `Polly.Joanna-Neural`), or that a code says (`en-US`); or nothing."""
    if re.fullmatch(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*", voice):
        return voice.replace("_", "-")
    name = voice.rsplit(".", 1)[-1].split("-", 1)[0]
    return _LANGUAGE_OF.get(name.lower(), "")


def variable(written: str) -> str:
    """The name of a variable as the flow language writes it."""
    dotted = _IN_BRACKETS.sub(r".\1", written.strip())
    name = re.sub(r"[^\w.]", "_", dotted).strip(".")
    return name if re.match(r"[A-Za-z_]", name) else f"_{name}"


def placeholder(text: str) -> str:
    """The text with placeholders of templates (`${NAME}`, `${F:NAME:F}`) as the names in them."""
    return _PLACEHOLDER.sub(lambda match: _inner(match[1]), text)


def _inner(name: str) -> str:
    parts = [part for part in name.split(":") if part.strip()]
    return (parts[1] if len(parts) == 3 else parts[-1]).strip() if parts else ""


def is_computed(text: str) -> bool:
    """Whether a value is known only at run time: a path or a Liquid expression, and no template's placeholder."""
    return text.strip().startswith("$.") or "{{" in text or "{%" in text


def connect_words(text: str, language: str) -> Words:
    """Words whose variables are written `$.Path.name`."""
    return words_of(_tidy(_CONNECT.sub(lambda match: f"\x02{variable(match[1])}\x03", _unmarked(text))), language)


def studio_words(text: str, language: str) -> Words:
    """Words whose variables are written as Liquid; of a choice between texts all are kept."""
    return words_of(_tidy(_LIQUID.sub(_output, _LIQUID_TAG.sub(" ", _unmarked(text)))), language)


def _output(match: re.Match[str]) -> str:
    inner = match[1]
    if (default := _DEFAULT.search(inner)) is not None:
        return default[2]
    name = inner.split("|", 1)[0].strip()
    if not name or name[0] in "'\"" or name[0].isdigit():
        return name.strip("'\"")
    return f"\x02{variable(name)}\x03"


def _unmarked(text: str) -> str:
    plain = _MARK.sub(" ", text.replace("\x02", " ").replace("\x03", " "))
    return _PLACEHOLDER.sub(lambda match: f"‹{_inner(match[1])}›", plain)


def _tidy(text: str) -> str:
    """Braces that are no variables would be taken for them."""
    bare = text.replace("{", "(").replace("}", ")")
    return " ".join(bare.replace("\x02", "{").replace("\x03", "}").split())


def seconds_of(marked: str, words: Words, times: int = 1) -> int:
    """What words take, where marks hold pauses or they are said more than once; 0 where their length says it."""
    pauses = sum(float(amount) / (1000 if unit.lower() == "ms" else 1) for amount, unit in _BREAK.findall(marked))
    if not pauses and times == 1:
        return 0
    length = max((len(text) for _, text in words.texts), default=0)
    return math.ceil((length / _CHARACTERS_A_SECOND + pauses) * times)


def connect_paths(value: str) -> Iterator[str]:
    """The variables that a value names by their paths."""
    for match in _CONNECT.finditer(value):
        yield variable(match[1])


def liquid_variables(value: str) -> Iterator[str]:
    """The variables that a Liquid text names in its outputs."""
    for match in _LIQUID.finditer(value):
        name = match[1].split("|", 1)[0].strip()
        if name and name[0] not in "'\"" and not name[0].isdigit():
            yield variable(name)
