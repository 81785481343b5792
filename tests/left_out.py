"""Says at the end of a test run which tests were left out, and which command runs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

_COMMANDS = {
    "live_airflow": ("that install or run Airflow", "make test-airflow"),
    "stand_in": ("of cloud warehouses, by stand-ins", "make test-warehouses"),
}
_left_out: Counter[str] = Counter()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        marker = next((name for name in _COMMANDS if item.get_closest_marker(name)), None)
        if marker and not item.get_closest_marker("every_airflow"):
            _left_out[marker] += 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a process has left out; each has collected the same."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}) if not _left_out else {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(_left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for marker, count in _left_out.items():
        which, command = _COMMANDS[marker]
        terminalreporter.write_line(f"Left out: {count} tests {which}. To run them: {command}")
