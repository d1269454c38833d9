"""The kill matrix: which checks fired at which mutant, as JSON and as a page of the docs."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from idprobe_reference.mutants import MUTANTS
from tools.proving.trial import Trial, closure

__all__ = ["AIMED", "EVERYTHING", "Matrix", "faults_of", "interval"]

EVERYTHING: Final = "all"
AIMED: Final = "aimed"
"""The modes of a run: all that could see a mutant, or what is aimed at it and a sample."""

Z: Final = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5 % on either side."""

INTRODUCTION: Final = """\
# The kill matrix

A mutant is the reference server with one fault.
It is *killed* if the checks see everything that it is declared to break.
What else fires has to be declared as a consequence, with a reason; the rest is an error of ours.
`nox -s mutants` runs each with the experiments that it is aimed at and a sample of the others.
With `-- --all` it runs every experiment that could tell the mutant from the sound server, and a
sample of those that could not; then it writes this page too.
Up to 24 mutants are first in one server: a check that judges there as at the sound server has
nothing to say about any of them. What it says otherwise, what a mutant declares, what another one
kept from it and a sample of the rest is then tried at each mutant alone.
A few have their own experiments alone: a whole audit would call the profile wrong, or what fires
besides would be luck.
A check that no mutant wakes is an error, too, unless `fixtures/mutants/unkilled.tsv` says which
test wakes it instead.
After a mend, `-- --all --faulty` tries only those again that the run before found something at.
The same is in `reports/output/kill-matrix.json`.
"""


@dataclass(frozen=True, slots=True)
class Matrix:
    """What came of a run of mutants."""

    mode: str
    seed: int
    sample: int
    trials: tuple[Trial, ...]

    @property
    def woken(self) -> frozenset[str]:
        """Return the checks that fired at some mutant, as it is declared."""
        return frozenset(
            check
            for one in self.trials
            for check, identifier, why in one.fired
            if (check, identifier, why) not in one.undeclared
        )

    def as_json(self) -> str:
        """Return mutants × checks, and nothing that depends on the clock."""
        document: dict[str, Any] = {
            "mode": self.mode,
            "seed": self.seed,
            "sample": self.sample,
            "mutants": {
                one.mutant: {
                    "breaks": sorted(MUTANTS[one.mutant].breaks),
                    "killed": one.killed,
                    "silent": list(one.silent),
                    "probes": one.probes,
                    "judged": one.judged,
                    "fired": _by_check(one.fired),
                    "unused": list(one.unused),
                    "undeclared": _by_check(one.undeclared),
                    "faults": list(one.faults),
                }
                for one in self.trials
            },
        }
        return json.dumps(document, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what as_json wrote, without the reasons of what fired."""
        document = json.loads(text)
        trials = (
            Trial(
                name,
                one["probes"],
                one["judged"],
                _rows_of(one["fired"]),
                tuple(one["silent"]),
                _rows_of(one["undeclared"]),
                tuple(one["unused"]),
                tuple(one["faults"]),
            )
            for name, one in document["mutants"].items()
        )
        return cls(document["mode"], document["seed"], document["sample"], tuple(trials))

    def sound(self) -> Iterator[Trial]:
        """Yield the trials of mutants that there still are, and that showed nothing to mend."""
        for one in self.trials:
            if one.mutant in MUTANTS and not any(faults_of(one, self.mode)):
                yield one

    def as_page(self) -> str:
        """Return the page of the docs."""
        return "\n".join([INTRODUCTION, *self._figures(), "", *self._rows(), ""])

    def write(self, json_file: Path, page: Path | None) -> None:
        """Write both."""
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(self.as_json(), encoding="utf-8")
        if page is not None:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(self.as_page(), encoding="utf-8")

    def _figures(self) -> Iterator[str]:
        killed = sum(one.killed for one in self.trials)
        judged = sum(one.judged for one in self.trials)
        fired = sum(len(_by_check(one.fired)) for one in self.trials)
        stray = sum(len(_by_check(one.undeclared)) for one in self.trials)
        how = f"{self.mode}, seed {self.seed}, a sample of {self.sample}"
        yield f"| measured ({how}) | count | of | rate | 95 % interval (Wilson) |"
        yield "| --- | --- | --- | --- | --- |"
        yield _figure("mutants killed", killed, len(self.trials))
        yield _figure("checks that fired undeclared", stray, judged - fired + stray)
        yield ""
        yield (
            "The second row counts pairs of a mutant and a check that has nothing to say about it: "
            "it is the rate of wrong accusations among faulty servers."
        )

    def _rows(self) -> Iterator[str]:
        yield "## Mutants"
        yield ""
        yield "| mutant | what is wrong | fired as declared | fired as a consequence |"
        yield "| --- | --- | --- | --- |"
        for one in sorted(self.trials, key=lambda trial: trial.mutant):
            mutant = MUTANTS[one.mutant]
            broken = closure(mutant.breaks)
            ids = dict.fromkeys(identifier for _, identifier, _ in one.fired)
            aimed = [identifier for identifier in ids if identifier in broken]
            rest = [identifier for identifier in ids if identifier not in broken]
            cells = (f"`{one.mutant}`", _text(mutant.summary), _listed(aimed), _listed(rest))
            yield f"| {' | '.join(cells)} |"


def faults_of(trial: Trial, mode: str) -> Iterator[str]:
    """Yield what has to be mended at one mutant, a line for each."""
    if trial.silent:
        yield f"{trial.mutant}: silent: {', '.join(trial.silent)}"
    for check, identifier, why in trial.undeclared:
        yield f"{trial.mutant}: undeclared: {identifier} by {check}: {why}"
    if trial.unused and mode == EVERYTHING:
        yield f"{trial.mutant}: declared in vain: {', '.join(trial.unused)}"
    for fault in trial.faults:
        yield f"{trial.mutant}: {fault}"


def interval(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate by Wilson's score, which holds at 0 and at 1 too."""
    if total == 0:
        return 0.0, 1.0
    rate, square = count / total, Z * Z
    middle = rate + square / (2 * total)
    spread = Z * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    scale = 1 + square / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _figure(what: str, count: int, total: int) -> str:
    low, high = interval(count, total)
    rate = count / total if total else 0.0
    return f"| {what} | {count} | {total} | {rate:.4%} | {low:.4%} to {high:.4%} |"


def _by_check(rows: Iterable[tuple[str, str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for check, identifier, _ in rows:
        found.setdefault(check, []).append(identifier)
    return found


def _rows_of(fired: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((check, identifier, "") for check, ids in fired.items() for identifier in ids)


def _listed(names: Sequence[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<").replace("_", "\\_").replace("*", "\\*")
