"""Modules loaded at their first use."""

import subprocess
import sys

import pytest

from ahadi.base.later import later


def test_a_module_is_loaded_when_something_of_it_is_used() -> None:
    script = (
        "import sys; from ahadi.base.later import later; wave = later('wave'); assert 'wave' not in sys.modules;"
        "assert wave.WAVE_FORMAT_PCM == 1; assert 'wave' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_wrong_name_shows_at_the_first_use() -> None:
    absent = later("no_such_module_anywhere")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        _ = absent.something
