"""Pictures of verdicts: one module for each, and all of them for one run."""

from pathlib import Path

from idprobe.reports.junit import write_junit
from idprobe.reports.markdown import write_summary
from idprobe.reports.model import Run
from idprobe.reports.page import write_page
from idprobe.reports.record import write_results

__all__ = ["write_all"]


def write_all(run: Run, out: Path) -> None:
    """Write results.json, junit.xml, summary.md and report.html into the folder.

    The record comes first, so that what goes wrong with a picture of it costs nobody the facts.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_results(run, out / "results.json")
    write_junit(run, out / "junit.xml")
    write_summary(run, out / "summary.md")
    write_page(run, out / "report.html")
