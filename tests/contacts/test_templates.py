from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from ahadi.base.errors import AhadiError, Invalid, TooLarge
from ahadi.contacts.placeholders import leftover_placeholders
from ahadi.contacts.templates import (
    MOST_SOURCE,
    CompiledTemplate,
    Recipient,
    Rendered,
    TemplateRefused,
    Unfilled,
    _context,
    _Sandbox,
    compile_template,
    render,
    render_batch,
    undeclared,
)
from ahadi.contacts.variables import VARIABLES, Value, greeting, sample_values

NAIROBI = ZoneInfo("Africa/Nairobi")
DUE = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)


def sms(body: str) -> CompiledTemplate:
    return compile_template("", body, "sms")


def text_of(body: str, values: Mapping[str, Value] | None = None, language: str = "en") -> str:
    outcome = render(sms(body), sample_values() if values is None else values, language, NAIROBI)
    assert isinstance(outcome, Rendered), outcome
    return outcome.text


def refusal(body: str, channel: str = "sms", subject: str = "", html: str = "") -> TemplateRefused:
    with pytest.raises(TemplateRefused) as refused:
        compile_template(subject, body, channel, html=html)
    return refused.value


# --- saving ---------------------------------------------------------------------------------------------------------


def test_a_name_that_is_no_variable_is_refused_at_save_with_its_line_and_the_nearest_name() -> None:
    refused = refusal("Hello {{ customer.name }},\nit is due {{ promise.deu }}.")
    assert refused.sentence == ("Line 2 of the body: promise.deu is not a variable we know; did you mean promise.due?")
    assert refused.code == "template-refused"


def test_every_undeclared_name_is_listed_with_its_line() -> None:
    found = undeclared("{{ name }}\n{{ customer.name }} {{ colour }}\n{% if premium %}x{% endif %}")
    assert [(each.name, each.line) for each in found] == [("name", 1), ("colour", 2), ("premium", 3)]
    assert found[0].suggestion.endswith(".name")
    assert undeclared("Hello {{ customer.name }}") == []


def test_all_problems_of_all_parts_are_named_at_once() -> None:
    refused = refusal("{{ a }}\n{{ b }}", channel="email", subject="{{ c }}")
    assert [(p.part, p.line) for p in refused.problems] == [("subject", 1), ("body", 1), ("body", 2)]
    assert refused.sentence.endswith("(2 more problems.)")
    assert refused.fields["problems"][2]["sentence"].startswith("b is not")


@pytest.mark.parametrize(
    "body",
    [
        "{% for x in customer.name %}x{% endfor %}",
        "{% macro x() %}{% endmacro %}",
        "{% include 'other' %}",
        "{% import 'other' as o %}",
        "{% from 'other' import o %}",
        "{% extends 'other' %}",
        "{% block x %}{% endblock %}",
        "{% set reason = 'x' %}",
        "{% set reason %}x{% endset %}",
        "{% with x = 1 %}{% endwith %}",
        "{% call customer.name() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}x{% endautoescape %}",
        "{% do customer.name %}",
        "{{ customer.name() }}",
        "{{ customer['name'] }}",
        "{{ customer.name[0] }}",
        "{{ customer.name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ self }}",
        "{{ range(10) }}",
        "{{ lipsum() }}",
        "{{ cycler }}",
        "{{ namespace(x=1) }}",
        "{{ 7 * 7 }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a' ~ customer.name }}",
        "{{ 'a' }}",
        "{{ [1] }}{{ {'a': 1} }}{{ (1, 2) }}",
        "{{ customer.name or 'Customer' }}",
        "{{ customer.name if customer.name else 'Customer' }}",
        "{{ customer.name | default('Customer') }}",
        "{{ customer.name | d('Customer') }}",
        "{{ customer.name | attr('upper') }}",
        "{{ customer.name | upper }}",
        "{{ customer.name | safe }}",
        "{{ promise.due | date | time }}",
        "{{ promise.due | date('short') }}",
        "{{ customer.name | date }}",
        "{{ promise.due | spoken }}",
        "{{ 'x' | spoken }}",
        "{% if customer.name is defined %}x{% endif %}",
        "{% if customer.name is filled %}x{% endif %}",
        "{% if nonsense is filled %}x{% endif %}",
        "{% if reason %}x{% endif %}",
        "{% if not reason %}x{% endif %}",
        "{% if true %}x{% endif %}",
        "{% if promise.kind in ['visit'] %}x{% endif %}",
        "{% if promise.kind == 1 %}x{% endif %}",
        "{% if promise.kind == 'a' == 'b' %}x{% endif %}",
        "{% if promise.kind == promise.text %}x{% endif %}",
        "{% if promise.kind < 'x' %}x{% endif %}",
        "{% if promise.due == 'x' %}x{% endif %}",
        "{{ promise.kind }}",
        "{{ customer }}",
        "{{ customer.name",
        "{% if promise.kind == 'x' %}",
        "{{ customer.name }} and {name}",
        "{% raw %}{{ customer.name }}{% endraw %}",
        "Dear ,",
        "Hello [NAME]",
        "hello \x00",
        "hello \ud800",
        "",
        "  \n ",
        "{# only a comment #}{% if %}",
    ],
)
def test_whatever_is_more_than_variables_and_conditions_is_refused_at_save(body: str) -> None:
    refused = refusal(body)
    assert refused.sentence.startswith("Line ")
    assert refused.sentence[-1] in ".?)"


@pytest.mark.parametrize(
    "body",
    [
        "(" * 5_000,
        "{{ " + "(" * 5_000,
        "{{ " + "(" * 5_000 + "reason" + ")" * 5_000 + " }}",
        "{% if reason is filled %}" * 600 + "x" + "{% endif %}" * 600,
        "{% if not " + "not " * 3_000 + "reason is filled %}x{% endif %}",
        "{% if promise.kind == 'a' %}x" + "{% elif promise.kind == 'b' %}x" * 600 + "{% endif %}",
        "{{ " + "-" * 10_000 + "1 }}",
        "{{ " + "9" * 10_000 + " }}",
        "{{ customer" + ".name" * 3_900 + " }}",
        "x" * (MOST_SOURCE + 1),
    ],
    ids=range(10),
)
def test_templates_too_deep_or_too_long_are_refused_and_harm_nobody(body: str) -> None:
    if body.startswith("(((") and len(body) <= MOST_SOURCE:
        compile_template("", body, "sms")  # plain text, however odd
    else:
        refusal(body)


def test_a_mail_needs_a_subject_and_nothing_else_has_one() -> None:
    assert "needs a subject" in refusal("Hello", channel="email").sentence
    assert "only an e-mail" in refusal("Hello", channel="sms", subject="Hello").sentence
    assert "only an e-mail" in refusal("Hello", channel="chat", html="<p>Hello</p>").sentence
    assert "is no channel" in refusal("Hello", channel="Carrier pigeon").sentence


def test_the_customers_own_words_do_not_go_into_a_subject() -> None:
    assert "own words" in refusal("Hello", channel="email", subject="About {{ case.subject }}").sentence


@pytest.mark.parametrize(
    "html",
    ["<script>x</script>", "<p onclick='x'>", "<a href='javascript:x'>", "<IFRAME src=x>", "<meta http-equiv=refresh>"],
)
def test_active_html_is_refused(html: str) -> None:
    assert "does not belong in a mail" in refusal("Hello", channel="email", subject="Hello", html=html).sentence


def test_the_line_of_a_placeholder_of_another_kind_is_named() -> None:
    refused = refusal(
        "Hello {{ customer.name }},\n{% if reason is filled %}\nbecause\n{% endif %}\nyours, [agent name]"
    )
    assert refused.problems[0].line == 5
    assert "'[agent name]' looks like a placeholder" in refused.sentence


def test_the_same_content_is_compiled_once() -> None:
    first = compile_template("", "Hello {{ customer.name }}, once", "sms")
    assert compile_template(None, "Hello {{ customer.name }}, once", "sms") is first
    assert compile_template("", "Hello {{ customer.name }}, once", "chat").digest != first.digest


def test_a_template_knows_the_variables_it_mentions_and_those_that_must_be_filled() -> None:
    template = sms(
        "{{ customer.greeting }}{% if reason is filled and holder.name is filled %} {{ reason }} {{ holder.name }}"
        "{% else %}{{ holder.department }}{% endif %}"
        "{% if agent.name is not filled %}x{% else %}{{ agent.name }}{% endif %}"
    )
    assert template.required == {"customer.greeting", "holder.department"}
    assert template.variables == template.required | {"reason", "holder.name", "agent.name"}


def test_an_optional_variable_must_be_filled_wherever_no_condition_guards_it() -> None:
    assert sms("Because {{ reason }}").required == {"reason"}
    assert sms("{% if reason is filled or agent.name is filled %}{{ reason }}{% endif %}").required == {"reason"}
    assert sms("{% if reason is filled %}x{% else %}{{ reason }}{% endif %}").required == {"reason"}
    assert sms("{% if not reason is filled %}x{% elif agent.name is filled %}{{ reason }}{% endif %}").required == set()


# --- rendering ------------------------------------------------------------------------------------------------------


def test_a_message_is_rendered_in_the_customers_language_and_zone() -> None:
    body = "{{ promise.due }}" + "".join(
        f" | {{{{ promise.due | {name} }}}}" for name in ("moment", "day", "date", "time")
    )
    assert text_of(body) == (
        "Tuesday 24 November, 14:30 | Tuesday 24 November, 14:30 | Tuesday | 24 November 2026 | 14:30"
    )
    assert text_of(body, language="sw-KE") == (
        "Jumanne 24 Novemba, 14:30 | Jumanne 24 Novemba, 14:30 | Jumanne | 24 Novemba 2026 | 14:30"
    )
    assert text_of("{{ promise.due }}", language="fr") == "mardi 24 novembre 2026, 14:30"
    assert text_of("{{ promise.due }}", language="zz") == "Tuesday 24 November, 14:30"


def test_a_reference_can_be_spoken() -> None:
    assert text_of("{{ case.reference | spoken }}") == "P W, K 7 M Q 2 X C"


def test_conditions_choose_by_word_and_by_what_is_filled() -> None:
    body = (
        "{% if promise.kind == 'visit' %}We visit.{% elif promise.kind != 'update' %}We act."
        "{% else %}We write.{% endif %}"
    )
    assert text_of(body) == "We write."
    assert text_of(body, sample_values() | {"promise.kind": "visit"}) == "We visit."
    assert text_of(body, sample_values() | {"promise.kind": "fix"}) == "We act."
    body = "Late{% if reason is filled %} because of {{ reason }}{% endif %}."
    assert text_of(body) == "Late because of rain."
    assert text_of(body, {"reason": None}) == "Late."
    assert text_of(body, {"reason": "  "}) == "Late."


@pytest.mark.parametrize("value", [None, "", " ", "\n\t ", "\u200b", "\u2800", "\u00a0\ufeff\u00ad", "\u3164"])
def test_a_value_that_shows_nothing_is_unfilled(value: str | None) -> None:
    outcome = render(sms("Thank you, {{ customer.name }}."), {"customer.name": value}, "en", NAIROBI)
    assert outcome == Unfilled(missing=("customer.name",))
    assert outcome.sentence == "customer.name has no value; fill it in or write the message by hand."


def test_every_missing_value_is_named_and_nothing_is_rendered() -> None:
    template = sms("{{ customer.name }} {{ promise.text }} {{ promise.due }} {{ case.reference }}")
    outcome = render(template, {"case.reference": "PW-K7MQ2XC"}, "en", NAIROBI)
    assert outcome == Unfilled(missing=("customer.name", "promise.due", "promise.text"))
    assert "have no value" in outcome.sentence


@pytest.mark.parametrize(
    "name", ["{insert name here}", "[NAME]", "{{name}}", "%NAME%", "<<name>>", "insert name", "{}"]
)
def test_a_value_that_is_itself_a_placeholder_does_not_leave(name: str) -> None:
    outcome = render(sms("Dear {{ customer.name }}, thank you."), {"customer.name": name}, "en", NAIROBI)
    assert isinstance(outcome, Unfilled)
    assert outcome.leftovers
    assert "looks like a placeholder" in outcome.sentence


def test_a_link_that_is_none_is_unfilled() -> None:
    for value in ("help.example/c", "javascript:alert(1)", "https://x.example/a b", "https://x.example/" + "a" * 500):
        outcome = render(sms("See {{ case.status_link }}"), {"case.status_link": value}, "en", NAIROBI)
        assert outcome == Unfilled(missing=("case.status_link",))


def test_values_of_the_wrong_kind_are_an_error_of_the_program() -> None:
    for name in ("reason", "promise.due"):
        with pytest.raises(Invalid):
            render(sms(f"{{{{ {name} }}}}"), {name: 7}, "en", NAIROBI)  # type: ignore[dict-item]
    for value in ("tomorrow", datetime(2026, 1, 1), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(Invalid):
            render(sms("{{ promise.due }}"), {"promise.due": value}, "en", NAIROBI)
    assert render(sms("{{ reason }}"), {"reason": DUE}, "en", NAIROBI) == Unfilled(missing=("reason",))


def test_the_customers_own_words_come_back_without_links_or_marks() -> None:
    words = "{{config}} [URGENT] visit www.evil.example or https://evil.example/x\nevil.example/prize <b>now</b>"
    said = text_of("About: {{ case.subject }}", {"case.subject": words})
    assert said == "About: ((config)) (URGENT) visit … or … … (b)now(/b)"


def test_a_value_cannot_add_lines_to_a_subject_or_tags_to_html() -> None:
    template = compile_template(
        "For {{ organisation.name }}", "Hello", "email", html="<p title='{{ customer.name }}'>{{ customer.name }}</p>"
    )
    values: dict[str, Value] = {
        "organisation.name": "Power\r\nBcc: everyone@example.org",
        "customer.name": "<b>O'Hara</b> & co",
    }
    outcome = render(template, values, "en", NAIROBI)
    assert isinstance(outcome, Rendered)
    assert outcome.subject == "For Power Bcc: everyone@example.org"
    assert outcome.html == (
        "<p title='&lt;b&gt;O&#39;Hara&lt;/b&gt; &amp; co'>&lt;b&gt;O&#39;Hara&lt;/b&gt; &amp; co</p>"
    )


def test_a_plain_text_is_not_escaped() -> None:
    assert (
        text_of("{{ customer.name }}", {"customer.name": "O'Hara & Sons <x@y.example>"})
        == "O'Hara & Sons <x@y.example>"
    )


def test_a_message_has_a_largest_size() -> None:
    with pytest.raises(TooLarge):
        render(sms("{{ case.outcome }}" * 200), {"case.outcome": "word " * 190}, "en", NAIROBI)


def test_the_greeting_is_right_with_a_name_without_one_and_with_something_that_is_none() -> None:
    assert greeting("Amina Otieno", "en") == "Hello Amina Otieno"
    assert greeting("Dr. José Ng'ang'a-Smith Jr.", "en-KE") == "Hello Dr. José Ng'ang'a-Smith Jr."
    assert greeting("आशा", "sw") == "Habari आशा"
    for nothing in (
        None,
        "",
        "{name}",
        "+254712345678",
        "amina@example.org",
        "Win at evil.example",
        "Unknown",
        "x" * 80,
    ):
        assert greeting(nothing, "sw_KE") == "Habari"


HOSTILE = [
    "{{ customer.__class__ }}",
    "{{ customer['name'] }}",
    "{{ customer.name.__class__.__mro__[1].__subclasses__() }}",
    "{{ customer.name.format(1) }}",
    "{{ customer.name.upper() }}",
    "{{ customer.find('name') }}",
    "{{ ''.__class__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ range(9) }}",
    "{{ lipsum.__globals__ }}",
    "{{ missing }}",
    "{{ customer.missing }}",
    "{{ customer.name | default('x') }}",
]


@pytest.mark.parametrize("body", HOSTILE)
def test_the_sandbox_alone_stops_what_the_reading_would_have_refused(body: str) -> None:
    sandbox = _Sandbox(autoescape=False)
    with pytest.raises(TemplateError):
        sandbox.from_string(body).render(_context({"customer.name": "Amina"}))
    assert sandbox.from_string("{{ customer.name }}").render(_context({"customer.name": "Amina"})) == "Amina"


# --- batches --------------------------------------------------------------------------------------------------------


def recipient(key: str, **values: Value) -> Recipient:
    named = {name.replace("_", ".", 1): value for name, value in values.items()}
    return Recipient(key, f"Customer {key}", named, "en", NAIROBI)


def test_a_batch_with_one_missing_value_sends_none_and_names_whom() -> None:
    template = sms("Hello {{ customer.name }}")
    batch = render_batch(
        template, [recipient("1", customer_name="Amina"), recipient("2"), recipient("3", customer_name="[NAME]")]
    )
    assert not batch.may_be_sent
    assert batch.messages == ()
    assert batch.sentence == (
        "None of 3 messages is sent until these are complete: Customer 2: customer.name; Customer 3: [NAME]."
    )


def test_a_complete_batch_may_be_sent_to_all() -> None:
    template = sms("Hello {{ customer.name }}")
    batch = render_batch(template, [recipient(str(n), customer_name=f"Amina {n}") for n in range(3)])
    assert batch.may_be_sent
    assert [message.text for _, message in batch.messages] == ["Hello Amina 0", "Hello Amina 1", "Hello Amina 2"]
    assert batch.sentence == "All 3 messages are complete."


def test_a_batch_to_nobody_is_not_sent_and_a_long_list_is_cut() -> None:
    template = sms("Hello {{ customer.name }}")
    assert not render_batch(template, []).may_be_sent
    assert "nobody" in render_batch(template, []).sentence
    assert render_batch(template, [recipient(str(n)) for n in range(9)]).sentence.endswith("; and 4 more.")


# --- whatever people write ------------------------------------------------------------------------------------------

NAMES = st.sampled_from([*VARIABLES, "reason", "self", "x", "customer", "customer.name.__class__", "''.__class__", "1"])
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["|date", "|moment", "|spoken", "|default('x')", "()", "[0]", ".x", " is filled"])
        ).map("".join),
        st.tuples(
            inner, st.sampled_from([" == ", " or ", " and ", " ~ ", " if ", " else ", " is ", " in "]), inner
        ).map("".join),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=4,
)
PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "#}", "{% endif %}", "{% else %}", "\n", "Dear ", "{name}", "<script>"]
    ),
    EXPRESSIONS.map("{{{{ {} }}}}".format),
    EXPRESSIONS.map("{{% if {} %}}yes{{% endif %}}".format),
    st.tuples(st.sampled_from(["for x in", "set x =", "include", "import", "macro x()", "with x ="]), EXPRESSIONS).map(
        lambda pair: f"{{% {pair[0]} {pair[1]} %}}"
    ),
)
VALUES = st.dictionaries(
    st.sampled_from(list(VARIABLES)),
    st.one_of(st.none(), st.text(max_size=30), st.datetimes(timezones=st.just(UTC))),
    max_size=18,
)


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=6).map("".join), VALUES, st.sampled_from(["en", "sw", "ar", "xx"]))
def test_whatever_is_written_is_refused_unfilled_or_complete(
    body: str, values: dict[str, Value], language: str
) -> None:
    try:
        template = compile_template("", body, "sms")
        outcome = render(template, values, language, NAIROBI)
    except AhadiError as problem:
        assert problem.sentence
        return
    if isinstance(outcome, Unfilled):
        assert outcome.missing or outcome.leftovers
        assert set(outcome.missing) <= set(VARIABLES)
    else:
        assert outcome.text
        assert leftover_placeholders(outcome.text) == []
        assert all(values.get(name) for name in template.required)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*VARIABLES]), min_size=1, max_size=5, unique=True), st.data())
def test_a_message_is_rendered_exactly_when_every_variable_has_a_value(names: list[str], data: st.DataObject) -> None:
    written = [name for name in names if VARIABLES[name].kind != "code"] or ["customer.name"]
    template = sms("We say " + " and ".join(f"{{{{ {name} }}}}" for name in written) + ".")
    left_out = data.draw(st.sets(st.sampled_from(written)))
    values = {name: value for name, value in sample_values().items() if name not in left_out}
    outcome = render(template, values, "en", NAIROBI)
    if left_out:
        assert outcome == Unfilled(missing=tuple(sorted(left_out)))
    else:
        assert isinstance(outcome, Rendered)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_no_expression_reaches_beyond_the_catalogue(expression: str) -> None:
    for body in (f"{{{{ {expression} }}}}", f"{{% if {expression} %}}x{{% endif %}}"):
        try:
            template = compile_template("", body, "sms")
        except TemplateRefused:
            continue
        assert template.variables <= set(VARIABLES)
        assert "__" not in expression
        outcome = render(template, sample_values(), "en", NAIROBI)
        assert isinstance(outcome, Rendered | Unfilled)


def test_the_documentation_lists_every_variable() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/messages.md").read_text(encoding="utf-8")
    for variable in VARIABLES.values():
        assert f"`{variable.name}`" in page
