"""References are short, spoken, and tell a slip of the tongue."""

from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.ids import ALPHABET, find_references, parse_reference, reference_of, uuid7

numbers = st.integers(min_value=0, max_value=24**6 - 1)
references = numbers.map(lambda n: reference_of("PW", n)).filter(lambda r: r is not None)


@given(references)
def test_a_reference_is_read_however_it_is_typed(reference: str) -> None:
    assert parse_reference(reference.lower().replace("-", " ")) == reference
    assert parse_reference(reference.replace("-", "")) == reference


@given(references, st.data())
def test_one_wrong_character_is_noticed(reference: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(min_value=3, max_value=len(reference) - 1))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != reference[place]]))
    assert parse_reference(reference[:place] + wrong + reference[place + 1 :]) is None


@given(references, st.integers(min_value=3, max_value=8))
def test_two_neighbours_swapped_are_noticed(reference: str, place: int) -> None:
    if reference[place] != reference[place + 1]:
        swapped = reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]
        assert parse_reference(swapped) is None


@given(st.sets(numbers, min_size=2, max_size=50))
def test_two_numbers_never_share_a_reference(some: set[int]) -> None:
    made = [reference for n in some if (reference := reference_of("PW", n))]
    assert len(set(made)) == len(made)


def test_references_are_found_in_a_text_once_each() -> None:
    first, second = [r for n in range(9) if (r := reference_of("PW", n))][:2]
    assert find_references(f"about {first}, not {second.lower()} and again {first}; XX-AAAAAAA") == [first, second]


@given(st.text())
def test_any_text_may_be_tried_as_a_reference(text: str) -> None:
    parsed = parse_reference(text)
    assert parsed is None or parse_reference(parsed) == parsed


def test_identifiers_made_one_after_the_other_sort_in_that_order() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(made) and len(set(made)) == len(made)
    assert {each.version for each in made} == {7}
