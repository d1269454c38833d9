"""The suite over one audit: choose the checks, make their experiments, judge, write the reports."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from idprobe.audit.audit import Audit
from idprobe.errors import NothingSelected
from idprobe.evidence.outputs import Claim, claim
from idprobe.findings.run import Run
from idprobe.judge.collect import Check, all_checks
from idprobe.judge.keyword import Keyword
from idprobe.report import result_files, write_all
from idprobe.unexpected import place_of

__all__ = ["chosen_checks", "claimed_folder", "run_suite", "wants", "written"]

HARNESS_FAULT: Final = 4


def run_suite(audit: Audit, keyword: str) -> tuple[Run, tuple[str, ...]]:
    """Observe and judge; return the run, and what could not be written, a sentence each.

    Raises UsageError for a keyword that cannot be read, NothingSelected where it matches no check,
    and IdprobeError where the run cannot be made.
    """
    checks = chosen_checks(audit, keyword)
    if not checks:
        narrowed = f" -k {keyword}" if keyword else ""
        raise NothingSelected(f"no check matches{narrowed} in this selection: nothing was done")
    folder = claimed_folder(audit)
    try:
        audit.observe(dict.fromkeys(name for check in checks for name in check.probes))
        try:
            for check in checks:
                _judge(audit, check)
        except KeyboardInterrupt:
            audit.observed.interrupted = True
        return written(audit, folder)
    finally:
        folder.release()


def chosen_checks(audit: Audit, keyword: str) -> list[Check]:
    """Return the checks of the run's standards that the keyword selects, in their order."""
    fits = Keyword(keyword)
    return [
        check
        for check in all_checks()
        if wants(audit, check.requirements, check.probes) and fits(_names(audit, check))
    ]


def wants(audit: Audit, requirements: Sequence[str], probes: Sequence[str]) -> bool:
    """Return whether a check of these requirements, which reads these probes, is of the run."""
    return any(map(audit.scope.selects, requirements)) and audit.scope.reads(probes)


def claimed_folder(audit: Audit) -> Claim:
    """Return the run's folder, which is ours until it is released."""
    options = audit.options
    observes = audit.recorded is None and options.keeps_evidence
    files = result_files(options.formats, evidence=observes)
    return claim(options.out, files, overwrite=options.overwrite)


def written(audit: Audit, folder: Claim) -> tuple[Run, tuple[str, ...]]:
    """Write the reports; return the run, and what could not be written, a sentence each."""
    run = audit.conclude()
    unwritten = write_all(run, folder.folder, audit.options.formats)
    if unwritten:
        run = replace(run, exit_codes=tuple(dict.fromkeys((HARNESS_FAULT, *run.exit_codes))))
    return run, unwritten


def _names(audit: Audit, check: Check) -> set[str]:
    """Return what -k may find a check by: its folders, file and name, and what it judges."""
    file, _, name = check.name.partition("::")
    judged = {one for identifier in check.requirements for one in audit.scope.alike(identifier)}
    return {*file.split("/"), name, *check.requirements, *judged}


def _judge(audit: Audit, check: Check) -> None:
    """Judge a check; what crashes outside of its body is remembered, and the rest is judged."""
    try:
        audit.judge(check.name, check.claim, check.requirements, check.probes, check.body)
    except Exception as error:  # noqa: BLE001 -- no judgement is lost in silence
        # the text of an exception may have a secret, so its place is told instead
        audit.lost.append(f"{check.name}: {type(error).__name__} at {place_of(error)}")
