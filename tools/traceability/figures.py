"""What coverage is counted from: the catalogue, the checks and the mutants."""

from idprobe.judge.anchors import load_anchors
from idprobe.judge.collect import all_checks
from idprobe.judge.untested import load_untested
from idprobe.model.catalogue import load_catalogue
from idprobe_reference.mutants import MUTANTS
from tools.traceability.counting import Coverage, checks_by_requirement

__all__ = ["broken_by_mutant", "coverage_of_the_suite"]


def coverage_of_the_suite() -> Coverage:
    """Return what coverage is counted from, as idprobe carries it."""
    catalogue, checks = load_catalogue(), all_checks()
    judging = checks_by_requirement(catalogue, checks)
    return Coverage(catalogue, checks, load_untested(), load_anchors(), judging)


def broken_by_mutant() -> dict[str, list[str]]:
    """Return what each mutant of the reference server breaks."""
    return {name: sorted(mutant.breaks) for name, mutant in MUTANTS.items()}
