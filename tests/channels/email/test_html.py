"""HTML from strangers: what is left of it, and how it reads as plain text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.channels.email import REMOTE_IMAGE
from ahadi.channels.email.html import clean, from_text, to_text

ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='cid:x' onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='/admin/delete'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<form action='https://evil.example'><input name=password><button>Sign in</button></form>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<div style='background:url(https://evil.example/x);position:fixed;top:0'>x</div>",
    "<p style='width:expression(alert(1))'>x</p>",
    "<body background='https://evil.example/x' onload=alert(1)>x</body>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example'><a href='x'>x</a>",
    "<object data='https://evil.example/x.swf'></object><embed src='https://evil.example/x'>",
    "<video poster='https://evil.example/x'><source src='https://evil.example/y'></video>",
    "<table background='https://evil.example/x'><tr><td>x</td></tr></table>",
    "<img srcset='https://evil.example/x 2x'>",
    "<p id='send' class='note' name='form'>x</p>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<x-custom onclick=alert(1)>x</x-custom>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    '<p title="\'><script>alert(1)</script>">x</p>',
    "<xmp><script>alert(1)</script></xmp>",
]
_HARMLESS_ATTRIBUTES = {
    "href", "title", "src", "alt", "width", "height", "colspan", "rowspan", "scope", "start", "type", "datetime",
    "dir", "lang", "style", "rel", "target", "loading", "referrerpolicy",
}  # fmt: skip


def must_be_harmless(html: str) -> None:
    assert not re.search(r"<(script|style|form|input|button|iframe|object|embed|svg|math|link|meta|base|video)\b", html)
    for tag in re.findall(r'<[a-z][a-z0-9]*((?: [^ =>]+="[^"]*")*)>', html):
        for name, value in re.findall(r' ([^ =>]+)="([^"]*)"', tag):
            assert name in _HARMLESS_ATTRIBUTES
            if name == "src":
                assert value.startswith("cid:")
            if name == "href":
                assert value.split(":")[0].lower() in ("http", "https", "mailto", "tel")
            if name == "style":
                assert "url" not in value and "position" not in value and "expression" not in value
    # What looks like a tag is one of those just looked at.
    assert re.sub(r'</?[a-z][a-z0-9]*(?: [^ =>]+="[^"]*")*>', "", html).count("<") == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_submits_or_fetches_is_left(attack: str) -> None:
    must_be_harmless(clean(attack).html)
    must_be_harmless(clean(f"<div>before {attack} after</div>").html)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*ATTACKS, "<p>", "</p>", "<table>", "<b", "'", '"', ">", "&lt;", "<!--", "x", "\x00"]))
)
def test_nothing_is_left_of_attacks_mixed_together(pieces: list[str]) -> None:
    must_be_harmless(clean("".join(pieces)).html)


@settings(deadline=None)
@given(st.text(alphabet="<>/\"'= abdivpscrt&;!-\x00\u202e"))
def test_any_text_at_all_comes_out_harmless(html: str) -> None:
    must_be_harmless(clean(html).html)


def test_links_open_apart_and_pass_nothing_on() -> None:
    cleaned = clean('<a href="https://power.example/bill" onclick="x()">bill</a>').html
    assert 'rel="noopener noreferrer nofollow"' in cleaned
    assert 'target="_blank"' in cleaned
    assert 'href="https://power.example/bill"' in cleaned


def test_pictures_from_elsewhere_are_replaced_and_counted() -> None:
    cleaned = clean(
        '<img src="https://evil.example/pixel.gif?jane" width="1"><img src="cid:a"><img src="//evil.example/x">'
    )
    assert cleaned.blocked_images == 2
    assert cleaned.html.count(REMOTE_IMAGE) == 2
    assert "evil" not in cleaned.html


def test_tables_lists_and_emphasis_stay() -> None:
    written = '<table><tbody><tr><td>a</td></tr></tbody></table><ol start="3"><li><b>x</b></li></ol>'
    assert clean(written).html == written


@pytest.mark.parametrize("bomb", ["<div>" * 100_000, "<b><i>" * 50_000, "&" * 400_000, "<ul><li>" * 50_000])
def test_html_that_would_take_minutes_is_not_parsed(bomb: str) -> None:
    assert clean(bomb).html == ""


def test_unclosed_paragraphs_and_cells_are_no_bomb() -> None:
    assert clean("<p>x" * 2000).html.count("<p>") == 2000
    assert clean("<table>" + "<tr><td>x" * 2000 + "</table>").html.count("<td>") == 2000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<div><div><div>One</div></div></div>", "One"),
        ("<ul><li>a</li><li><p>b</p></li></ul>", "- a\n\n- b"),
        ("<table><tr><td>Meter</td><td>1234</td></tr><tr><td>Day</td><td>2</td></tr></table>", "Meter\t1234\nDay\t2"),
        ("<blockquote>You wrote<br>this</blockquote>Answer", "> You wrote\n> this\n\nAnswer"),
        ("<blockquote><blockquote>old</blockquote>newer</blockquote>", "> > old\n>\n> newer"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("a   b\n\n\nc", "a b c"),
        ("Tom &amp; Jerry &lt;3&nbsp;x", "Tom & Jerry <3 x"),
        ('<img src="cid:a" alt="the meter">', "[the meter]"),
        ("<style>p{}</style><script>x</script><title>t</title>words", "words"),
        ("", ""),
    ],
)
def test_html_reads_as_plain_text(html: str, text: str) -> None:
    assert to_text(clean(html).html) == text


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]), min_size=1))
def test_plain_text_survives_the_way_to_html_and_back(words: str) -> None:
    assert to_text(clean(from_text(words)).html) == words
