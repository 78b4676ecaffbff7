import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.contacts.placeholders import leftover_placeholders, leftover_placeholders_in_html

HOLES = {
    "Thank you for choosing {insert name here}.": ["{insert name here}"],
    "Hello {{name}}, all is well": ["{{name}}"],
    "Hello {{ customer.name }}": ["{{ customer.name }}"],
    "Hello {{ customer.na": ["{{ customer.na"],
    "name }} hello": ["}}"],
    "{% if x %}yes": ["{% if x %}yes"],
    "{# note #}": ["{# note #}"],
    "Hello {name}": ["{name}"],
    "Hello {first name}": ["{first name}"],
    "Hello {0} and {}": ["{0}", "{}"],
    "Hello ${name}": ["${name}"],
    "Hello #{name}": ["#{name}"],
    "Hello [NAME]": ["[NAME]"],
    "Hello [Name]": ["[Name]"],
    "Hello [customer's name]": ["[customer's name]"],
    "Hello [insert amount due]": ["[insert amount due]"],
    "Your account [ACCT_NO]": ["[ACCT_NO]"],
    "Your account [account number]": ["[account number]"],
    "Hello <<first_name>>": ["<<first_name>>"],
    "Hello <<Name of customer>>": ["<<Name of customer>>"],
    "Hello «First_Name»": ["«First_Name»"],
    "Hello <name>": ["<name>"],
    "Hello <your name here>": ["<your name here>"],
    "Hello %NAME%": ["%NAME%"],
    "Hello %%FirstName%%": ["%%FirstName%%"],
    "Hello %(name)s": ["%(name)s"],
    "Hello *|FNAME|*": ["*|FNAME|*"],
    "Hello ##NAME##": ["##NAME##"],
    "Hello @@name@@": ["@@name@@"],
    "Hello __NAME__": ["__NAME__"],
    "Hello $first_name": ["$first_name"],
    "Hello FIRST_NAME": ["FIRST_NAME"],
    "Please insert name and send": ["insert name"],
    "INSERT CUSTOMER NAME": ["INSERT CUSTOMER NAME"],
    "Weka jina la mteja": ["Weka jina"],
    "Habari [jina la mteja]": ["[jina la mteja]"],
    "Dear ,\nwe are sorry": ["Dear ,"],
    "Dear,": ["Dear,"],
    "Dear\nwe are sorry": ["Dear"],
    "Mpendwa , tumepokea": ["Mpendwa ,"],
    "Hello ,": ["Hello ,"],
    "Dear None, we": ["Dear None"],
    "Hello null,": ["Hello null"],
    "Hi undefined": ["Hi undefined"],
    "See https://x.example/{id}": ["{id}"],
    "Lorem ipsum dolor": ["Lorem ipsum"],
    "{name} and {name}": ["{name}"],
}
FINE = [
    "",
    "Hello Amina, the line is repaired.",
    "Hello, the line is repaired.",
    "Dear Amina,",
    "Dear Ms Null, dear Mr None-Smith,",
    "My dear, that is fine.",
    "We have it [see note 3] and will call (today).",
    "[URGENT] no power at 12 Moi Avenue",
    "Use between 5% and 10% of it, 100%!",
    "50% off and 20% more",
    "https://help.example/c/7Kq2Xw9d?x=%41%42&y=%C3%A9[0]",
    "The temperature is < 5 and > 2; a << b",
    "Costs $12 or USD 12; 1.000,00 {",
    "Write to first_name@company.example",
    'JSON: {"power": true}',
    "Please insert the SIM card, then insert the plug.",
    "Press # and then 1, or ## to end.",
    "the name of the customer, number and date",
    "Name: Amina. Date: 24 November.",
    "Call (0700) 123456 (ask for Grace)",
    "It is [sic] so.",
    "Jina lako ni Amina; tarehe 24 Novemba.",
    "Le « bonjour » du matin",
    "Line 1__2, snake_case_word and __init__",
    "1 < 2 > 0",
    "Time <10:30>",
]


@pytest.mark.parametrize(("text", "holes"), HOLES.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_looks_like_a_hole_is_found(text: str, holes: list[str]) -> None:
    assert leftover_placeholders(text) == holes


@pytest.mark.parametrize("text", FINE)
def test_ordinary_texts_have_no_holes(text: str) -> None:
    assert leftover_placeholders(text) == []


def test_in_html_the_readable_text_and_the_links_are_looked_at_and_styles_are_not() -> None:
    source = (
        "<head><style>@media x{p{color:red}}</style></head><!-- {note} --><p>Dear <b></b>,</p>"
        "<p>&lt;&lt;name&gt;&gt; {a} <a href='https://x.example/{{id}}'>here</a></p>"
    )
    assert leftover_placeholders_in_html(source) == ["{{id}}", "Dear ,", "<<name>>", "{a}"]


def test_html_without_holes_has_none() -> None:
    assert leftover_placeholders_in_html('<p style="color: red">Hello <b>Amina</b>,</p><name>x</name>') == []


@given(st.text(alphabet="{}[]<>%$#@_|*abNAME ,.\n\"'«»&;/!-", max_size=200))
def test_no_text_upsets_the_search(text: str) -> None:
    for found in leftover_placeholders(text):
        assert found in text
    leftover_placeholders_in_html(text)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_ ]{0,20}", fullmatch=True), st.sampled_from(["{%s}", "{{%s}}", "<<%s>>"]))
def test_whatever_stands_between_the_marks_of_a_template_is_found(name: str, marks: str) -> None:
    assert leftover_placeholders("We thank " + marks.replace("%s", name) + " for waiting.")


@pytest.mark.parametrize(
    "part", ["{", "[", "<<", "[insert ", "[name ", "Dear ", "{{", "__A", "%a", "insert the ", "<!--"]
)
def test_long_hostile_texts_are_searched_in_reasonable_steps(part: str) -> None:
    leftover_placeholders(part * 20_000)
    leftover_placeholders_in_html(part * 20_000)
