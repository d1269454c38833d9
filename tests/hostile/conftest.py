"""What the hostile servers cost at most, told at the end of a run."""

from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Tell the worst peak of memory, and whose it was."""
    peaks = sorted(_peaks(terminalreporter))
    if peaks:
        worst, name = peaks[-1]
        terminalreporter.write_line(f"{len(peaks)} servers; most memory: {worst:.0f} MiB, {name}")


def _peaks(reporter: TerminalReporter) -> Iterator[tuple[float, str]]:
    for report in (one for some in reporter.stats.values() for one in some):
        if isinstance(report, pytest.TestReport) and report.when == "call":
            told = dict(report.user_properties)
            if "peak_mib" in told:
                yield float(str(told["peak_mib"])), report.nodeid
