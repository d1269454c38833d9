"""Pictures of verdicts: one module for each, and all of them for one run."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from idprobe.evidence.outputs import EVIDENCE, Files
from idprobe.findings.run import Run
from idprobe.report.badge import write_badge
from idprobe.report.junit import write_junit
from idprobe.report.markdown import write_summary
from idprobe.report.page import write_page
from idprobe.report.record import write_results
from idprobe.report.sarif import write_sarif

__all__ = ["FORMATS", "result_files", "write_all"]

_RECORD: Final = "results.json"

_WRITERS: Final[Mapping[str, tuple[str, Callable[[Run, Path], None]]]] = {
    "junit": ("junit.xml", write_junit),
    "sarif": ("results.sarif", write_sarif),
    "markdown": ("summary.md", write_summary),
    "badge": ("badge.json", write_badge),
    "html": ("report.html", write_page),
}
FORMATS: Final = tuple(_WRITERS)
"""What can be written beside results.json."""


def result_files(formats: Collection[str], *, evidence: bool) -> Files:
    """Return what a run writes into its folder; evidence if it observes anything itself."""
    kept = EVIDENCE if evidence else ()
    chosen = [file for name, (file, _) in _WRITERS.items() if name in formats]
    every = [file for file, _ in _WRITERS.values()]
    return Files("results", (_RECORD, *chosen, *kept), (_RECORD, *every, *kept), (_RECORD,))


def write_all(run: Run, out: Path, formats: Collection[str] = FORMATS) -> tuple[str, ...]:
    """Write results.json into the folder, and then the formats asked for; return what failed.

    The record comes first, so that what goes wrong with a picture of it costs nobody the facts.
    Each file is written whole or not at all; what the system refuses is returned, a sentence each.
    """
    writers: dict[str, Callable[[Run, Path], None]] = {_RECORD: write_results}
    writers |= {file: write for name, (file, write) in _WRITERS.items() if name in formats}
    failures = []
    for file, write in writers.items():
        aside = out / f".{file}.tmp"
        try:
            out.mkdir(parents=True, exist_ok=True)
            write(run, aside)
            aside.replace(out / file)
        except OSError as error:
            failures.append(f"{out / file} could not be written ({error.strerror})")
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    return tuple(failures)
