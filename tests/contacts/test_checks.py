from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.contacts.checks import (
    Draft,
    Links,
    Reach,
    check_message,
    check_reach,
    links_in,
    may_send_at,
    preview,
    sms_size,
    stops,
)
from ahadi.contacts.default_templates import STEPS, NoSuchTemplate, default_template, default_templates
from ahadi.contacts.segments import BASIC, EXTENSION
from ahadi.contacts.templates import Rendered, Unfilled, render
from ahadi.contacts.variables import VARIABLES, sample_values

NAIROBI = ZoneInfo("Africa/Nairobi")
OURS = "https://help.example/c/7Kq2Xw9d"


def codes(draft: Draft, reach: Reach | None = None, links: Links | None = None, most_segments: int = 2) -> list[str]:
    return [finding.code for finding in check_message(draft, reach, links, most_segments=most_segments)]


def sms(text: str) -> Draft:
    return Draft(channel="sms", to="+254712345678", text=text)


# --- the size of an SMS -----------------------------------------------------------------------------------------------


def test_the_alphabet_has_every_character_of_the_standard_once() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127  # and the escape to the extension table
    assert len(EXTENSION) == len(set(EXTENSION)) == 10
    assert not set(BASIC) & set(EXTENSION)


SIZES = [
    ("", "gsm-7", 0, 1, 160),
    ("a" * 160, "gsm-7", 160, 1, 0),
    ("a" * 161, "gsm-7", 161, 2, 145),
    ("a" * 306, "gsm-7", 306, 2, 0),
    ("a" * 307, "gsm-7", 307, 3, 152),
    ("€" * 80, "gsm-7", 160, 1, 0),
    ("€" * 81, "gsm-7", 162, 2, 143),
    ("a" * 159 + "€", "gsm-7", 161, 2, 145),
    ("a" * 152 + "€" + "a" * 152, "gsm-7", 306, 3, 152),  # the euro is not cut, so the first part holds 152
    ("a" * 151 + "€" + "a" * 153, "gsm-7", 306, 2, 0),
    ("é" * 160, "gsm-7", 160, 1, 0),
    ("ç", "ucs-2", 1, 1, 69),  # only the capital is in the alphabet
    ("ж" * 70, "ucs-2", 70, 1, 0),
    ("ж" * 71, "ucs-2", 71, 2, 63),
    ("ж" * 134, "ucs-2", 134, 2, 0),
    ("ж" * 135, "ucs-2", 135, 3, 66),
    ("😀" * 35, "ucs-2", 70, 1, 0),
    ("😀" * 36, "ucs-2", 72, 2, 61),
    ("ж" * 66 + "😀" + "ж" * 66, "ucs-2", 134, 3, 66),  # the pair is not cut
    ("’", "ucs-2", 1, 1, 69),
]


@pytest.mark.parametrize(("text", "encoding", "units", "segments", "left"), SIZES, ids=range(len(SIZES)))
def test_the_size_of_an_sms_is_exact(text: str, encoding: str, units: int, segments: int, left: int) -> None:
    size = sms_size(text)
    assert (size.encoding, size.units, size.segments, size.left) == (encoding, units, segments, left)


def test_the_characters_that_cost_the_small_alphabet_are_named() -> None:
    assert sms_size("We’re “here” — we’re").costly == "’“”—"
    assert sms_size("plain [text] with €").costly == ""


@given(st.text(alphabet=st.sampled_from([*BASIC[:60], *EXTENSION]), max_size=800))
def test_parts_of_an_sms_can_really_be_cut_so(text: str) -> None:
    size = sms_size(text)
    encoded = ["\x1b" + c if c in EXTENSION else c for c in text]
    if len("".join(encoded)) <= 160:
        assert size.segments == 1
        return
    parts, part = [], ""
    for unit in encoded:
        if len(part) + len(unit) > 153:
            parts.append(part)
            part = ""
        part += unit
    parts.append(part)
    assert size.segments == len(parts)
    assert size.left == 153 - len(part)
    assert all(not each.endswith("\x1b") for each in parts)


@given(st.text(max_size=400))
def test_a_segment_more_or_less_is_never_possible(text: str) -> None:
    size = sms_size(text)
    part = 153 if size.encoding == "gsm-7" else 67
    if size.encoding == "ucs-2":
        assert size.units == len(text.encode("utf-16-be", "surrogatepass")) // 2
    if size.segments > 1:
        assert size.units <= size.segments * part
        assert size.units > (size.segments - 1) * (part - 1)


# --- the message itself -----------------------------------------------------------------------------------------------


def test_a_message_that_is_right_has_no_findings() -> None:
    assert codes(sms("Power: PW-K7MQ2XC is done.")) == []
    assert codes(Draft("email", "amina@example.org", "It is done.", subject="PW-K7MQ2XC is done")) == []
    assert codes(Draft("chat", "amina", "It is done: see #help on https://anywhere.example/")) == []


def test_a_mail_needs_a_subject_and_every_message_words_and_somebody_to_go_to() -> None:
    assert codes(Draft("email", "amina@example.org", "Hello", subject=" ")) == ["no-subject"]
    assert codes(Draft("chat", " ", " \n")) == ["no-recipient", "empty"]


@pytest.mark.parametrize("channel", ["email", "sms", "chat", "web"])
def test_a_placeholder_stops_a_message_on_every_channel(channel: str) -> None:
    draft = Draft(channel, "someone", "Dear Customer, thank you for choosing {insert name here}", subject="Thank you")
    findings = check_message(draft)
    assert [finding.code for finding in findings] == ["placeholder"]
    assert "{insert name here}" in findings[0].sentence
    assert stops(findings)


def test_a_placeholder_in_a_subject_or_in_html_stops_too() -> None:
    assert codes(Draft("email", "a@example.org", "Hello Amina", subject="For [NAME]")) == ["placeholder"]
    assert codes(Draft("email", "a@example.org", "Hello", subject="x", html="<b>{name}</b>")) == ["placeholder"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We fixed it #PowerBack", True),
        ("#asante sana", True),
        ("(#asante)", True),
        ("＃asante", True),
        ("#1stclass", True),
        ("#Umeme_kwetu", True),
        ("Flat #12, gate # 3, press # then *", False),
        ("C# and F#", False),
        ("Rock&#39;n roll", False),
        (f"See {OURS}#steps", False),
    ],
)
def test_an_sms_has_no_hashtags(text: str, found: bool) -> None:
    assert ("sms-hashtag" in codes(sms(text))) is found


def test_an_sms_of_two_segments_is_shown_and_a_longer_one_stops() -> None:
    assert codes(sms("a" * 161)) == ["sms-segments"]
    assert codes(sms("a" * 307)) == ["sms-too-long"]
    assert codes(sms("a" * 307), most_segments=3) == ["sms-segments"]
    findings = check_message(sms("We’re sorry. " + "a" * 70))
    assert [(each.code, each.severity) for each in findings] == [
        ("sms-segments", "warn"),
        ("sms-costly-characters", "warn"),
    ]
    assert "’" in findings[1].sentence


# --- links ------------------------------------------------------------------------------------------------------------


def links(alive: Mapping[str, bool] | None = None) -> Links:
    return Links(issued=(OURS,), hosts=("Pay.Example",), alive=None if alive is None else alive.get)


def test_an_issued_link_that_leads_somewhere_may_go_out() -> None:
    assert codes(sms(f"See {OURS}."), links=links({OURS: True})) == []
    assert codes(sms("Pay at https://pay.example/x?y=%20"), links=links({"https://pay.example/x?y=%20": True})) == []


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:8123/c/7Kq2", "http://localhost:8123/c/7Kq2_", "https://[::1]/c/x-"]
)
def test_an_issued_link_may_be_of_a_trial_at_an_address_of_its_own(link: str) -> None:
    assert codes(sms(f"See {link}"), links=Links(issued=(link,), alive=lambda _link: True)) == []
    assert codes(sms(f"See {link}x"), links=Links(issued=(link,), alive=lambda _link: True)) == ["link-malformed"]


def test_a_dead_an_unknown_and_an_unchecked_link_are_findings() -> None:
    assert codes(sms(f"See {OURS}"), links=links({OURS: False})) == ["link-dead"]
    assert codes(sms(f"See {OURS}"), links=links({})) == ["link-unchecked"]
    assert codes(sms(f"See {OURS}"), links=links(None)) == ["link-unchecked"]
    assert stops(check_message(sms(f"See {OURS}"), links=links(None)))


@pytest.mark.parametrize(
    "link",
    [
        OURS + "x",
        OURS[:-1],
        "https://help.example/",
        "https://help.example.evil.example/c/7Kq2Xw9d",
        "https://sub.pay.example/",
        "https://bit.ly/abc",
    ],
)
def test_a_link_we_did_not_issue_is_refused(link: str) -> None:
    anything = Links(issued=(OURS,), hosts=("pay.example",), alive=lambda _link: True)
    assert codes(sms(f"See {link} now"), links=anything) == ["link-foreign"]


@pytest.mark.parametrize(
    "link",
    [
        "http://pay.example/",
        "HTTPS//pay.example/x",
        "www.pay.example",
        "pay.example/x",
        "bit.ly/abc",
        "power.co.ke",
        "live.me/x",
        "https://",
        "https://pay",
        "https://user@pay.example/",
        "https://user:secret@pay.example/",
        "https://pay.example:port/",
        "https://pay.example/%zz",
        "https://pay.example/{id}",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://pаy.example/",  # with a Cyrillic а
        "ftp://pay.example/",
        "javascript://pay.example/",
    ],
)
def test_what_is_not_a_whole_https_link_is_refused(link: str) -> None:
    anything = Links(hosts=("pay.example", "127.0.0.1", "pаy.example"), alive=lambda _link: True)
    assert "link-malformed" in codes(sms(f"See {link} now"), links=anything)


def test_links_are_found_as_phones_find_them_and_sentences_are_left_alone() -> None:
    text = f"See {OURS}, ({OURS}x) or www.power.example. Pay: pay.example/a(b) 'https://a.example/b'!"
    assert links_in(text) == [
        OURS,
        f"{OURS}x",
        "www.power.example",
        "pay.example/a(b)",
        "https://a.example/b",
    ]
    plain = (
        "Call me.in case of need, e.g. at 14:30/15:00 or 3.5/10 km/h, and/or write to grace.me@power.co.ke. "
        "Ends.Then 1.000,00 etc. v1.2.3 Mr.Otieno 24.11.2026"
    )
    assert links_in(plain) == []


# --- consent and addresses --------------------------------------------------------------------------------------------


def test_about_their_own_case_a_customer_may_be_written_to_without_asking() -> None:
    for consent in ("given", "refused", "unknown"):
        assert check_reach("sms", "own-case", Reach(consent=consent)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("purpose", ["survey", "marketing"])
def test_for_anything_else_they_must_have_agreed(purpose: str) -> None:
    found = {
        consent: [each.code for each in check_reach("sms", purpose, Reach(consent=consent))]  # type: ignore[arg-type]
        for consent in ("given", "refused", "unknown")
    }
    assert found == {"given": [], "refused": ["no-consent"], "unknown": ["no-consent"]}


def test_nothing_goes_to_a_closed_channel_whatever_it_is_about() -> None:
    assert codes(sms("Hello"), Reach(consent="given", blocked=True)) == ["blocked"]
    assert codes(sms("Hello"), Reach(consent="given", unsubscribed=True)) == ["unsubscribed"]


def test_a_preview_shows_findings_segments_and_the_hour() -> None:
    draft = sms("See #this")
    shown = preview(draft, check_message(draft), datetime(2026, 11, 24, tzinfo=UTC))
    assert not shown.may_be_sent
    assert shown.sms is not None
    assert shown.sms.segments == 1
    mail = Draft("email", "a@example.org", "Hello", subject="Hello")
    assert preview(mail, check_message(mail), datetime(2026, 11, 24, tzinfo=UTC)).may_be_sent


# --- quiet hours ------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


NIGHT = (time(21), time(7))
BERLIN = ZoneInfo("Europe/Berlin")  # 2026: forward on 29 March at 02:00, back on 25 October at 03:00


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-11-24T20:59:59+03:00", "2026-11-24T20:59:59+03:00"),
        ("2026-11-24T21:00:00+03:00", "2026-11-25T07:00:00+03:00"),
        ("2026-11-25T00:30:00+03:00", "2026-11-25T07:00:00+03:00"),
        ("2026-11-25T06:59:59+03:00", "2026-11-25T07:00:00+03:00"),
        ("2026-11-25T07:00:00+03:00", "2026-11-25T07:00:00+03:00"),
        ("2026-11-24T19:00:00+00:00", "2026-11-25T04:00:00+00:00"),
    ],
)
def test_a_quiet_night_ends_in_the_morning_of_the_customers_own_clock(now: str, allowed: str) -> None:
    assert may_send_at(at(now), *NIGHT, NAIROBI) == at(allowed)


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    noon = at("2026-11-24T12:30:00+03:00")
    assert may_send_at(noon, time(12), time(14), NAIROBI) == at("2026-11-24T14:00:00+03:00")
    assert may_send_at(noon, time(13), time(14), NAIROBI) == noon
    for quiet in ((None, time(7)), (time(21), None), (None, None), (time(12), time(12))):
        assert may_send_at(noon, *quiet, NAIROBI) == noon
    with pytest.raises(ValueError, match="zone"):
        may_send_at(datetime(2026, 1, 1), *NIGHT, NAIROBI)


@pytest.mark.parametrize(
    ("now", "quiet", "allowed"),
    [
        # A night over a change of the clock still ends at seven.
        ("2026-03-28T23:00:00+01:00", NIGHT, "2026-03-29T07:00:00+02:00"),
        ("2026-10-24T23:00:00+02:00", NIGHT, "2026-10-25T07:00:00+01:00"),
        # The end is skipped: quiet until the skip.
        ("2026-03-29T01:00:00+01:00", (time(22), time(2, 30)), "2026-03-29T03:00:00+02:00"),
        # The beginning is skipped: quiet from the skip.
        ("2026-03-29T03:00:00+02:00", (time(2, 30), time(6)), "2026-03-29T06:00:00+02:00"),
        ("2026-03-29T01:59:59+01:00", (time(2, 30), time(6)), "2026-03-29T01:59:59+01:00"),
        # The end is shown twice: quiet until the second.
        ("2026-10-25T02:40:00+02:00", (time(22), time(2, 30)), "2026-10-25T02:30:00+01:00"),
        # The beginning is shown twice: quiet from the first.
        ("2026-10-25T02:10:00+01:00", (time(2, 30), time(6)), "2026-10-25T06:00:00+01:00"),
        ("2026-10-25T02:10:00+02:00", (time(2, 30), time(6)), "2026-10-25T02:10:00+02:00"),
    ],
)
def test_quiet_hours_over_a_change_of_the_clock(now: str, quiet: tuple[time, time], allowed: str) -> None:
    assert may_send_at(at(now), *quiet, BERLIN) == at(allowed)


def test_a_day_that_a_zone_skipped_altogether_has_no_quiet_hours_of_its_own() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011 at midnight
    assert may_send_at(at("2011-12-29T22:00:00-10:00"), *NIGHT, apia) == at("2011-12-31T07:00:00+14:00")


ZONES = st.sampled_from(
    ["Africa/Nairobi", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), TIMES, TIMES, ZONES)
def test_the_allowed_moment_is_never_quiet_never_past_and_never_later_than_needed(
    now: datetime, quiet_from: time, quiet_to: time, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    allowed = may_send_at(now, quiet_from, quiet_to, zone)
    assert now <= allowed <= now + timedelta(hours=26)
    assert may_send_at(allowed, quiet_from, quiet_to, zone) == allowed
    if quiet_from == quiet_to:
        assert allowed == now
        return

    def reads_quiet(moment: datetime) -> bool:
        wall = moment.astimezone(zone).time().replace(tzinfo=None)
        if quiet_from < quiet_to:
            return quiet_from <= wall < quiet_to
        return wall >= quiet_from or wall < quiet_to

    assert not reads_quiet(allowed)
    if allowed > now:  # it ends a quiet time: just before, it was quiet, by the clock or by a clock put back
        just_before = allowed - timedelta(seconds=1)
        an_hour_earlier = [just_before - timedelta(minutes=minutes) for minutes in (0, 30, 60)]
        assert any(reads_quiet(moment) for moment in an_hour_earlier)
    else:
        assert not reads_quiet(now)


# --- the product's own words ------------------------------------------------------------------------------------------


def test_there_are_words_for_every_step_channel_and_language() -> None:
    assert len(default_templates()) == len(STEPS) * 3 * 2
    for step in STEPS:
        for channel in ("email", "sms", "chat", "web", "phone"):
            for language in ("en", "sw", "sw-KE"):
                assert default_template(step, channel, language).language == language[:2]
    assert default_template("received", "sms", "fr").language == "en"
    with pytest.raises(NoSuchTemplate):
        default_template("received", "pigeon", "en")
    with pytest.raises(NoSuchTemplate):
        default_template("vanished", "sms", "en")


@pytest.mark.parametrize("template", default_templates(), ids=lambda t: f"{t.language}-{t.step}-{t.channel}")
def test_the_words_pass_every_check_with_and_without_what_is_optional(template) -> None:  # type: ignore[no-untyped-def]
    optional = [name for name, variable in VARIABLES.items() if variable.optional]
    for left_out in ([], optional):
        values = {name: value for name, value in sample_values().items() if name not in left_out}
        rendered = render(template.compiled(), values, template.language, NAIROBI)
        assert isinstance(rendered, Rendered), rendered
        draft = Draft(template.channel, "someone", rendered.text, rendered.subject)
        ours = Links(issued=(OURS,), alive=lambda _link: True)
        findings = check_message(draft, links=ours)
        assert not stops(findings)
        assert "None" not in rendered.text
        assert "  " not in rendered.text
        if template.channel == "sms":
            size = sms_size(rendered.text)
            assert size.encoding == "gsm-7"
            assert size.segments <= (2 if template.step == "received" else 1)


@pytest.mark.parametrize("template", default_templates(), ids=lambda t: f"{t.language}-{t.step}-{t.channel}")
def test_the_words_wait_for_a_person_when_a_value_is_missing(template) -> None:  # type: ignore[no-untyped-def]
    compiled = template.compiled()
    assert "case.reference" in compiled.required
    for name in compiled.required:
        outcome = render(compiled, sample_values() | {name: None}, template.language, NAIROBI)
        assert outcome == Unfilled(missing=(name,))


def test_the_words_sent_by_themselves_never_repeat_what_a_stranger_typed() -> None:
    for template in default_templates():
        assert "case.subject" not in template.compiled().variables
        assert "customer.name" not in template.compiled().variables
