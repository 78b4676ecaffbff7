"""Templates: read and checked when they are saved, rendered whole or not at all when a message is made.

A template is Jinja2 in a sandbox, and of Jinja2 only what messages need: variables of the catalogue, filters on
moments and references, and conditions. Anything else is refused when the template is saved, so that nothing at
all can be called, looked into or repeated when it is rendered.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ahadi.base.errors import Invalid, TooLarge
from ahadi.base.text import one_line
from ahadi.contacts.placeholders import leftover_placeholders, leftover_placeholders_in_html
from ahadi.contacts.template_language import FILTERS, Problem, Undeclared, read_part, undeclared_names
from ahadi.contacts.variables import VARIABLES, Moment, Value, locale_of, shown

MOST_SOURCE = 20_000  # characters of one part of a template
MOST_OUTPUT = 100_000  # characters of one part of a message
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CHANNEL = re.compile("[a-z][a-z0-9-]{0,30}")


class TemplateRefused(Invalid):
    """The template cannot be saved as it is. `fields["problems"]` lists part, line and sentence of each reason."""

    code = "template-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - 1
        sentence = f"Line {first.line} of the {first.part}: {first.sentence}"
        if more:
            sentence += f" ({more} more {'problem' if more == 1 else 'problems'}.)"
        super().__init__(
            sentence, problems=[{"part": p.part, "line": p.line, "sentence": p.sentence} for p in problems]
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """A template that was accepted. `required` are the variables that must have a value, `variables` all it mentions.

    `digest` names the content: the same words on the same channel have the same digest.
    """

    digest: str
    channel: str
    variables: frozenset[str]
    required: frozenset[str]
    parts: Mapping[str, Template] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A complete message: nothing in it is missing or looks as if it were."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Unfilled:
    """No message: these variables have no value, or these pieces of text look like holes. A person must see to it."""

    missing: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        if self.missing:
            verb = "has" if len(self.missing) == 1 else "have"
            return f"{', '.join(self.missing)} {verb} no value; fill it in or write the message by hand."
        return f"{', '.join(self.leftovers)} looks like a placeholder that was not filled; put it right."


class _Group:
    """The values under one first name: `customer` has `name` and `greeting`. Nothing else can be reached in it."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def add(self, name: str, value: Any) -> None:
        self._values[name] = value

    def find(self, name: str) -> Any:
        return self._values.get(name)


def _something(value: Any) -> Any:
    if value is None:
        raise UndefinedError("a variable without a value")
    return value


class _Sandbox(ImmutableSandboxedEnvironment):
    """The second wall behind the reading of the template: no attribute but a group's, no item, no call."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=_something,
            autoescape=autoescape,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
        )
        self.globals.clear()
        self.filters = dict(FILTERS)
        self.tests = {"filled": lambda value: value is not None}

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj.find(attribute) if isinstance(obj, _Group) else self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.undefined(name=str(argument))

    def is_safe_callable(self, obj: Any) -> bool:
        return False


_TEXT = _Sandbox(autoescape=False)
_HTML = _Sandbox(autoescape=True)


def undeclared(source: str) -> list[Undeclared]:
    """The names a text uses that are no variables, with their lines and the nearest known name, in order.

    Raises TemplateRefused where the text cannot be read as a template.
    """
    return undeclared_names(_parse("body", source, _TEXT))


def compile_template(subject: str | None, body: str, channel: str, *, html: str = "") -> CompiledTemplate:
    """Read a template and make it ready to render; once per content, whoever asks.

    `html` is an HTML part beside the plain `body`, for mail only; values in it are escaped.
    Raises TemplateRefused naming part and line of everything that is wrong.
    """
    return _compile(subject or "", body, channel, html)


@lru_cache(maxsize=512)
def _compile(subject: str, body: str, channel: str, html: str) -> CompiledTemplate:
    sources = {"subject": subject, "body": body, "html": html}
    problems = _wrong_parts(channel, sources)
    if problems:
        raise TemplateRefused(problems)
    parts: dict[str, Template] = {}
    variables: set[str] = set()
    required: set[str] = set()
    for part, source in sources.items():
        if not source:
            continue
        sandbox = _HTML if part == "html" else _TEXT
        tree = _parse(part, source, sandbox)
        read = read_part(part, tree)
        problems += read.problems
        variables |= read.mentioned
        required |= read.required
        if not read.problems:
            parts[part] = _executable(part, tree, sandbox)
    if problems:
        raise TemplateRefused(problems)
    digest = hashlib.sha256("\x1f".join((channel, subject, body, html)).encode()).hexdigest()
    return CompiledTemplate(digest, channel, frozenset(variables), frozenset(required), parts)


def _wrong_parts(channel: str, sources: Mapping[str, str]) -> list[Problem]:
    problems = [
        Problem(part, 1, f"it is longer than {MOST_SOURCE:,} characters; make it shorter.")
        for part, source in sources.items()
        if len(source) > MOST_SOURCE
    ]
    for part, source in sources.items():
        unwritable = _UNWRITABLE.search(source)
        if unwritable:
            line = source.count("\n", 0, unwritable.start()) + 1
            problems.append(Problem(part, line, "it has a character that cannot be written; remove it."))
    if not _CHANNEL.fullmatch(channel):
        problems.append(Problem("body", 1, f"{channel!r} is no channel; choose one such as email or sms."))
    if not sources["body"].strip():
        problems.append(Problem("body", 1, "it is empty; write what the customer should read."))
    if channel == "email" and not sources["subject"].strip():
        problems.append(Problem("subject", 1, "an e-mail needs a subject."))
    if channel != "email" and (sources["subject"] or sources["html"]):
        problems.append(Problem("subject", 1, "only an e-mail has a subject or an HTML part; leave it empty."))
    return problems


def _parse(part: str, source: str, sandbox: _Sandbox) -> nodes.Template:
    try:
        return sandbox.parse(source)
    except TemplateError as problem:
        line = getattr(problem, "lineno", 1)
        raise TemplateRefused([Problem(part, line, _unreadable(problem.message or ""))]) from problem
    except (ValueError, OverflowError, RecursionError, MemoryError) as problem:
        raise TemplateRefused([Problem(part, 1, "it cannot be read: it is too deep or too large.")]) from problem


def _unreadable(said: str) -> str:
    """What Jinja2 says of a text that it cannot read, in words for somebody who never heard of it."""
    if said.startswith("Unexpected end of template"):
        return "a condition is not closed; write an endif where it ends."
    if "end of template" in said or "end of file" in said:
        return "something that was opened is not closed; look for braces without their end."
    if tag := re.match(r"Encountered unknown tag '(\w+)'", said):
        return f"there is no tag {tag[1]}; a template knows if, elif, else and endif."
    return f"it cannot be read here: {said.rstrip('.')}."


def _executable(part: str, tree: nodes.Template, sandbox: _Sandbox) -> Template:
    try:
        return Template.from_code(sandbox, sandbox.compile(tree, name=part), {})
    except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise TemplateRefused([Problem(part, 1, "it is too deep or too large; make it simpler.")]) from problem


def render(template: CompiledTemplate, values: Mapping[str, Value], language: str, zone: tzinfo) -> Rendered | Unfilled:
    """The message, whole, or what stands in its way. `values` are by dotted name (`customer.name`).

    Moments are written in the customer's language (a tag such as `sw` or `en-KE`) and zone.
    Raises Invalid for a value of the wrong kind and TooLarge for a message beyond `MOST_OUTPUT` characters.
    """
    locale = locale_of(language)
    ready = {name: shown(VARIABLES[name], values.get(name), locale, zone) for name in template.variables}
    missing = tuple(sorted(name for name in template.required if ready[name] is None))
    if missing:
        return Unfilled(missing=missing)
    context = _context(ready)
    try:
        texts = {part: compiled.render(context) for part, compiled in template.parts.items()}
    except TemplateError as problem:  # behind the checks above: a hole they missed must not become a message
        raise Invalid("The template does not fit its values; read it through and save it again.") from problem
    for part, text in texts.items():
        if len(text) > MOST_OUTPUT:
            raise TooLarge(f"The {part} is longer than {MOST_OUTPUT:,} characters; shorten it or its values.")
    rendered = Rendered(
        subject=one_line(texts.get("subject", ""), 200), text=texts["body"].strip(), html=texts.get("html", "").strip()
    )
    leftovers = dict.fromkeys(
        leftover_placeholders(rendered.subject)
        + leftover_placeholders(rendered.text)
        + (leftover_placeholders_in_html(rendered.html) if rendered.html else [])
    )
    if leftovers:
        return Unfilled(leftovers=tuple(leftovers))
    return rendered if rendered.text else Unfilled(leftovers=("an empty message",))


def _context(ready: Mapping[str, str | Moment | None]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name, value in ready.items():
        first, _, second = name.partition(".")
        if second:
            context.setdefault(first, _Group()).add(second, value)
        else:
            context[first] = value
    return context


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of many who are to get the same message. `key` is theirs for the program, `label` for people."""

    key: str
    label: str
    values: Mapping[str, Value]
    language: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Batch:
    """The same message to many: all of it may be sent, or none."""

    ready: tuple[tuple[Recipient, Rendered], ...]
    unresolved: tuple[tuple[Recipient, Unfilled], ...]

    @property
    def may_be_sent(self) -> bool:
        return bool(self.ready) and not self.unresolved

    @property
    def messages(self) -> tuple[tuple[Recipient, Rendered], ...]:
        """What may be sent now: everything or nothing."""
        return self.ready if self.may_be_sent else ()

    @property
    def sentence(self) -> str:
        total = len(self.ready) + len(self.unresolved)
        if not total:
            return "There is nobody to send this to; choose recipients."
        if not self.unresolved:
            return f"All {total} messages are complete."
        shown_first = "; ".join(
            f"{who.label}: {', '.join(why.missing or why.leftovers)}" for who, why in self.unresolved[:5]
        )
        rest = f"; and {len(self.unresolved) - 5} more" if len(self.unresolved) > 5 else ""
        return f"None of {total} messages is sent until these are complete: {shown_first}{rest}."


def render_batch(template: CompiledTemplate, recipients: Sequence[Recipient]) -> Batch:
    """Render for everybody before anybody is sent anything. Raises what `render` raises."""
    ready: list[tuple[Recipient, Rendered]] = []
    unresolved: list[tuple[Recipient, Unfilled]] = []
    for recipient in recipients:
        outcome = render(template, recipient.values, recipient.language, recipient.zone)
        if isinstance(outcome, Rendered):
            ready.append((recipient, outcome))
        else:
            unresolved.append((recipient, outcome))
    return Batch(tuple(ready), tuple(unresolved))
