"""What a load run may cost: clauses on latency, errors and rate, and whether they held."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idprobe.errors import UsageError
from idprobe.load.measure.histogram import Histogram, reliable
from idprobe.load.run.quantities import duration_ns, per_second, share, shown_duration

__all__ = ["DEFAULT_ERRORS", "Budget", "Clause", "ClauseResult", "parse_budget"]

DEFAULT_ERRORS: Final = "errors<1%"
"""Added to a budget that says nothing of errors: no latency would tell of failures."""

_CLAUSE: Final = re.compile(
    r"(?P<name>[a-z]+)(?P<percent>[\d.]*)\s*(?P<sign><=|>=|<|>)\s*(?P<limit>.+)\Z"
)
_EXAMPLE: Final = "p95<250ms,errors<0.1%,rate>=450/s"


@dataclass(frozen=True, slots=True)
class Clause:
    """One claim: a measure must stay below a limit, or reach it.

    `measure` is a percentile such as p95, or max, errors or rate. The limit is in nanoseconds, a
    share of one, or successful iterations a second.
    """

    text: str
    measure: str
    sign: str
    limit: float

    @property
    def percent(self) -> float | None:
        """The percentile in question, 100 for max; None for errors and rate."""
        if self.measure == "max":
            return 100.0
        return float(self.measure[1:]) if self.measure[0] == "p" else None

    def holds(self, actual: float) -> bool:
        """Return whether a measured value is within the limit."""
        match self.sign:
            case "<":
                return actual < self.limit
            case "<=":
                return actual <= self.limit
            case ">":
                return actual > self.limit
            case _:
                return actual >= self.limit


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What came out of a clause; `actual` is None if it is not known, which never holds."""

    clause: Clause
    actual: float | None
    held: bool

    @property
    def shown(self) -> str:
        """The measured value as a person reads it."""
        if self.actual is None:
            return "not known"
        match self.clause.measure:
            case "errors":
                return f"{self.actual:.3%}"
            case "rate":
                return f"{self.actual:.1f}/s"
            case _:
                return shown_duration(self.actual)


@dataclass(frozen=True, slots=True)
class Budget:
    """All clauses; the run is within budget if each of them holds."""

    clauses: tuple[Clause, ...]

    def evaluate(
        self, latency: Histogram, error_share: float | None, success_rate: float
    ) -> tuple[ClauseResult, ...]:
        """Return the result of each clause, in order; a percentile of too few is not known."""

        def actual(clause: Clause) -> float | None:
            if clause.measure == "errors":
                return error_share
            if clause.measure == "rate":
                return success_rate
            return reliable(latency, clause.percent or 0.0)

        return tuple(_result(clause, actual(clause)) for clause in self.clauses)


def _result(clause: Clause, actual: float | None) -> ClauseResult:
    return ClauseResult(clause, actual, actual is not None and clause.holds(actual))


def parse_budget(text: str) -> Budget:
    """Return the budget of a text such as p95<250ms,errors<0.1%; UsageError names the bad clause.

    Without a clause on errors, `errors<1%` is added.
    """
    clauses = tuple(_clauses(text))
    if not any(clause.measure == "errors" for clause in clauses):
        clauses = (*clauses, _clause(DEFAULT_ERRORS))
    return Budget(clauses)


def _clauses(text: str) -> Iterator[Clause]:
    seen: set[str] = set()
    for part in text.split(","):
        if not part.strip():
            continue
        clause = _clause(part.strip())
        if clause.text in seen:
            raise UsageError(f"budget clause {clause.text!r} stands there twice: drop one")
        seen.add(clause.text)
        yield clause


def _clause(text: str) -> Clause:
    found = _CLAUSE.match(text)
    if found is None:
        raise _unclear(text, f"write MEASURE, sign and limit, as in {_EXAMPLE}")
    name, percent, sign, limit = found["name"], found["percent"], found["sign"], found["limit"]
    if name == "p":
        measure = f"p{_percent(text, percent):g}"
    elif name in {"max", "errors", "rate"} and not percent:
        measure = name
    else:
        raise _unclear(
            text, f"{name}{percent} is no measure, use p50 to p99.9, max, errors or rate"
        )
    if (sign in {">", ">="}) != (measure == "rate"):
        wanted = ">=" if measure == "rate" else "<"
        raise _unclear(
            text, f"the sign is the wrong way round, write {name}{percent}{wanted}{limit}"
        )
    return Clause(text, measure, sign, _limit(text, measure, limit))


def _percent(text: str, percent: str) -> float:
    try:
        value = float(percent)
    except ValueError:
        value = 0.0
    if not 0 < value < 100:  # noqa: PLR2004 -- a percentage
        raise _unclear(text, "name a percentile between 0 and 100, such as p95 or p99.9")
    return value


def _limit(text: str, measure: str, limit: str) -> float:
    parse = {"errors": share, "rate": per_second}.get(measure, duration_ns)
    try:
        return parse(limit)
    except UsageError as error:
        raise _unclear(text, str(error)) from None


def _unclear(text: str, fix: str) -> UsageError:
    return UsageError(f"budget clause {text!r}: {fix}")
