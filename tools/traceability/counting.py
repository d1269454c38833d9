"""How much of each source is covered: documents of the catalogue, plans and lists of our peers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from idprobe.judge.anchors import SOURCES, Row, Standing
from idprobe.judge.collect import Check
from idprobe.judge.untested import NOTHING, TESTABLE, Untested
from idprobe.model.catalogue import Catalogue, Requirement

__all__ = ["Coverage", "Tally", "checks_by_requirement", "tallied"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of one source stand where; `total` has what nobody could test as well."""

    name: str
    covered: int
    reasoned: int
    open: int
    total: int
    title: str = ""

    @property
    def in_scope(self) -> int:
        """Return how many there are to be covered."""
        return self.covered + self.reasoned + self.open


@dataclass(frozen=True, slots=True)
class Coverage:
    """All that coverage is counted from."""

    catalogue: Catalogue
    checks: Sequence[Check]
    untested: Mapping[str, Untested]
    anchors: Mapping[str, tuple[Row, ...]]
    judging: Mapping[str, tuple[Check, ...]]
    """The checks of each requirement, by its canonical id."""

    def standing(self, requirement: Requirement) -> Standing | None:
        """Return where a requirement stands; None if no black box can see it."""
        if self.checks_of(requirement):
            return Standing.COVERED
        if requirement.testable not in TESTABLE:
            return None
        left = self.untested.get(requirement.document, NOTHING)
        if left.later:
            return Standing.LATER
        return Standing.REASONED if requirement.id in left.because else Standing.OPEN

    def because(self, requirement: Requirement) -> str:
        """Return why no check judges a requirement, "" if nobody said."""
        left = self.untested.get(requirement.document, NOTHING)
        return left.because.get(requirement.id, left.later)

    def checks_of(self, requirement: Requirement) -> tuple[Check, ...]:
        """Return the checks that judge a requirement, or one that is the same."""
        return self.judging.get(self.catalogue.canonical(requirement.id), ())


def checks_by_requirement(
    catalogue: Catalogue, checks: Iterable[Check]
) -> Mapping[str, tuple[Check, ...]]:
    """Return the checks of each requirement that has one, by its canonical id."""
    found: dict[str, tuple[Check, ...]] = {}
    for check in checks:
        for identifier in dict.fromkeys(map(catalogue.canonical, check.requirements)):
            found[identifier] = (*found.get(identifier, ()), check)
    return found


def tallied(coverage: Coverage) -> Mapping[str, list[Tally]]:
    """Return the figures of every source, by the kind of source."""
    return {
        "Catalogue": list(_of_catalogue(coverage)),
        **{
            f"{SOURCES[source]}, by plan": list(_of_plans(rows))
            for source, rows in coverage.anchors.items()
            if any(row.plans for row in rows)
        },
        "Lists of cases": [
            _tally(SOURCES[source], (row.standing for row in rows))
            for source, rows in coverage.anchors.items()
        ],
    }


def _of_catalogue(coverage: Coverage) -> Iterator[Tally]:
    documents: dict[str, list[Requirement]] = {}
    for requirement in coverage.catalogue:
        documents.setdefault(requirement.document, []).append(requirement)
    for name, requirements in documents.items():
        standings = [coverage.standing(one) for one in requirements]
        yield _tally(name, standings, requirements[0].spec)


def _of_plans(rows: Sequence[Row]) -> Iterator[Tally]:
    for plan in dict.fromkeys(plan for row in rows for plan in row.plans):
        yield _tally(plan, [row.standing for row in rows if plan in row.plans])


def _tally(name: str, standings: Iterable[Standing | None], title: str = "") -> Tally:
    count = Counter(standings)
    return Tally(
        name,
        count[Standing.COVERED],
        count[Standing.REASONED],
        count[Standing.OPEN],
        count.total(),
        title,
    )
