"""Print the recorded figures at the end of a run of these tests alone: `make chaos`."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.user_properties:
            terminalreporter.section(report.nodeid.rpartition("::")[2])
            for name, figure in report.user_properties:
                terminalreporter.write_line(f"  {name:<52}{figure}")
