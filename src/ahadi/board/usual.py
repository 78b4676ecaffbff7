"""Whether as many contacts as came now are unusual, against how many came in the same hour of the weeks before. Pure.

Contacts of one hour are taken for Poisson counts, and so are those of the weeks before. Whether both have one rate is
asked by the conditional test of Przyborowski and Wilenski: of all n = now + past contacts, those of now are binomial
with n trials and the chance 1 / (weeks + 1), whatever the rate is. So the test knows that the usual number is itself
only an estimate from a few weeks, which a plain Poisson tail does not.

J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31
(1940), pages 313–323.
"""

from math import exp, lgamma, log
from typing import Final, Literal

WEEKS: Final = 8
"""How many weeks back the same hour is looked at."""
FEWEST_WEEKS: Final = 4
"""Of fewer weeks nothing is said."""
FEWEST: Final = 3
"""Fewer contacts than this are never unusually many."""
CHANCE: Final = 0.001
"""What comes by chance more rarely than this is unusual: once in a thousand looks, on either side."""

Unusual = Literal["more", "less"]


def chance_of_as_many(now: int, past: int, weeks: int) -> float:
    """The chance that of now + past contacts at least `now` fall into one of weeks + 1 like hours."""
    total, share = now + past, 1 / (weeks + 1)
    if now <= total * share:
        return 1.0 - _tail(total, 1 - share, past + 1)
    return _tail(total, share, now)


def chance_of_as_few(now: int, past: int, weeks: int) -> float:
    """The chance that of now + past contacts at most `now` fall into one of weeks + 1 like hours."""
    total, share = now + past, 1 / (weeks + 1)
    if now >= total * share:
        return 1.0 - _tail(total, share, now + 1)
    return _tail(total, 1 - share, past)


def unusual(now: int, past: int, weeks: int) -> Unusual | None:
    """Whether `now` contacts are unusually many or few after `past` ones in the same hour of `weeks` weeks.

    None where it is nothing unusual, and where there is too little history to say.
    """
    if weeks < FEWEST_WEEKS:
        return None
    if now >= FEWEST and chance_of_as_many(now, past, weeks) <= CHANCE:
        return "more"
    return "less" if chance_of_as_few(now, past, weeks) <= CHANCE else None


def _tail(trials: int, chance: float, least: int) -> float:
    """The chance of at least `least` successes, summed from there upwards, where the terms become ever smaller."""
    if least <= 0:
        return 1.0
    if least > trials:
        return 0.0
    term = exp(
        lgamma(trials + 1)
        - lgamma(least + 1)
        - lgamma(trials - least + 1)
        + least * log(chance)
        + (trials - least) * log(1 - chance)
    )
    total = 0.0
    for successes in range(least, trials + 1):
        total += term
        term *= (trials - successes) / (successes + 1) * chance / (1 - chance)
        if term < total * 1e-17:
            break
    return min(total, 1.0)
