"""badge.json: a run in three words, in the form that badge services read from an address."""

import json
from pathlib import Path
from typing import Any

from idprobe.findings.run import Run, counts_of
from idprobe.report.words import plural

__all__ = ["badge_json", "write_badge"]


def write_badge(run: Run, path: Path) -> None:
    """Write badge.json."""
    path.write_text(json.dumps(badge_json(run)) + "\n", encoding="utf-8", newline="\n")


def badge_json(run: Run) -> dict[str, Any]:
    """Return what the badge says; it never says that a server is sound, only what was judged."""
    message, colour = _said(run)
    return {
        "schemaVersion": 1,
        "label": "idprobe",
        "message": message,
        "color": colour,
        "isError": run.exit_code != 0,
    }


def _said(run: Run) -> tuple[str, str]:
    findings = run.by_requirement()
    counts = counts_of(findings)
    grave = sum(finding.is_open and finding.counts for finding in findings)
    light = sum(finding.is_open and not finding.counts for finding in findings)
    if run.exit_code in {2, 4}:
        return "no result", "lightgrey"
    if grave:
        return plural(grave, "violation"), "red"
    if run.exit_code:
        return "undecided" if run.exit_code != 1 else "gate failed", "orange"
    kept = f"{counts.satisfied} satisfied"
    return (f"{kept}, {light} to consider", "yellowgreen") if light else (kept, "brightgreen")
