"""Words that were mistyped: one letter too many, one missing, another one, or two that changed places.

Two words differ by one such slip (Damerau, 1964) only if they share a *neighbour*: the word itself or the word without
one of its letters. So each word is kept under its neighbours, and a mistyped one is looked up under its own, whatever
the size of the vocabulary (the symmetric deletion of Garbe's SymSpell, with one deletion).
"""

from collections.abc import Iterable

SHORTEST, LONGEST = 3, 24
"""Lengths of words that are corrected: shorter ones are near to too many, longer ones are no words."""


def is_kept(word: str) -> bool:
    """Whether a word goes into the vocabulary: of some length, beginning with a letter, no number or code."""
    return SHORTEST <= len(word) <= LONGEST and word[0].isalpha() and sum(map(str.isdigit, word)) <= 1


def neighbours(word: str) -> set[str]:
    """The word, and the word without each one of its letters."""
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


def slips(one: str, other: str, most: int = 2) -> int:
    """By how many slips two words differ (optimal string alignment distance); more than `most` is told as most + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def nearest(typed: str, candidates: Iterable[str], most: int = 4) -> list[str]:
    """The candidates that may have been meant, the likeliest first: fewest slips, then the same first letter."""
    allowed = 1 if len(typed) < 6 else 2
    ranked = sorted((slips(typed, each), each[0] != typed[0], each) for each in set(candidates))
    return [word for distance, _, word in ranked if distance <= allowed][:most]
