"""With `CI=true` a test that was skipped, or expected to fail, is a failure: what was not shown is not true."""

import os
from collections.abc import Generator
from typing import Any

import pytest

STRICT = os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _refused((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _refused((yield))


def _refused(report: Any) -> Any:
    """The report, as a failure if it says that something was not run or need not pass."""
    if STRICT and report.outcome == "skipped":
        reason = report.wasxfail if hasattr(report, "wasxfail") else report.longrepr[-1]
        report.outcome = "failed"
        report.longrepr = f"Not shown to work, and with CI=true that is a failure: {reason}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    return report
