"""Pictures of verdicts: one module for each, and all of them for one run."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from idprobe.reports.badge import write_badge
from idprobe.reports.junit import write_junit
from idprobe.reports.markdown import write_summary
from idprobe.reports.model import Run
from idprobe.reports.page import write_page
from idprobe.reports.record import write_results
from idprobe.reports.sarif import write_sarif

__all__ = ["FORMATS", "write_all"]

_WRITERS: Final[Mapping[str, tuple[str, Callable[[Run, Path], None]]]] = {
    "junit": ("junit.xml", write_junit),
    "sarif": ("results.sarif", write_sarif),
    "markdown": ("summary.md", write_summary),
    "badge": ("badge.json", write_badge),
    "html": ("report.html", write_page),
}
FORMATS: Final = tuple(_WRITERS)
"""What can be written beside results.json."""


def write_all(run: Run, out: Path, formats: Collection[str] = FORMATS) -> None:
    """Write results.json into the folder, and then the formats asked for.

    The record comes first, so that what goes wrong with a picture of it costs nobody the facts.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_results(run, out / "results.json")
    for name, (file, write) in _WRITERS.items():
        if name in formats:
            write(run, out / file)
