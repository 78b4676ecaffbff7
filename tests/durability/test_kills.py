"""`kill -9` under load, a few times; `scripts/kill-trial` does it a hundred times and prints what it found."""

from pathlib import Path

import pytest

from tests.durability.installation import KINDS
from tests.durability.trial import DEEDS, Trial


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_or_sent_twice_whatever_is_killed(tmp_path: Path) -> None:
    trial = Trial(tmp_path, kills=9, seed=2026, patient=False)
    account = trial.run()
    assert not account.wrong, account.told()
    assert set(trial.killed) == set(KINDS) and sum(trial.killed.values()) == 9
    assert all(trial.ledger.of(each) for each in DEEDS)
