"""The product's own words for every step a customer is told about, by language: data, read once."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

from ruamel.yaml import YAML

from ahadi.base.errors import NotFound
from ahadi.contacts.templates import CompiledTemplate, compile_template

Step = Literal[
    "received",
    "joined_repeat",
    "promise_renewed",
    "promise_at_risk",
    "promise_broken",
    "handed_over",
    "resolved",
    "callback_booked",
    "reopened",
    "direct_line",
    "appointment_booked",
    "appointment_moved",
    "appointment_cancelled",
    "appointment_reminder",
    "callback_tried",
    "callback_given_up",
]
STEPS: tuple[Step, ...] = get_args(Step)
LANGUAGES = ("en", "sw")
SAME_WORDS = {"web": "chat", "phone": "chat"}  # a notice on the customer's page, and words to say


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """The product's words for one step on one channel in one language."""

    step: str
    channel: str
    language: str
    subject: str
    body: str

    def compiled(self) -> CompiledTemplate:
        return compile_template(self.subject, self.body, self.channel)


class NoSuchTemplate(NotFound):
    """The product has no words for this step or channel."""

    code = "no-such-template"


def default_template(step: str, channel: str, language: str) -> DefaultTemplate:
    """The words for a step, in English where the language (a tag such as `sw-KE`) has none.

    Raises NoSuchTemplate for an unknown step or channel.
    """
    spoken = language.replace("_", "-").split("-")[0].lower()
    spoken = spoken if spoken in LANGUAGES else "en"
    found = _of_language(spoken).get((step, SAME_WORDS.get(channel, channel)))
    if found is None:
        raise NoSuchTemplate(f"There are no words for {step!r} on {channel!r}; write a template for it.")
    return DefaultTemplate(step, channel, spoken, found.subject, found.body)


def default_templates() -> list[DefaultTemplate]:
    """All of them, by language, step and channel."""
    return [each for language in LANGUAGES for each in _of_language(language).values()]


@cache
def _of_language(language: str) -> dict[tuple[str, str], DefaultTemplate]:
    source = resources.files(__name__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    return {
        (step, channel): DefaultTemplate(step, channel, language, words.get("subject", ""), words["body"])
        for step, channels in YAML(typ="safe", pure=True).load(source).items()
        for channel, words in channels.items()
    }
