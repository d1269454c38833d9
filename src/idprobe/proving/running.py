"""Many mutants put to the test, in processes that are forked from one that is warm."""

import multiprocessing
import os
import random
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, Final

from idprobe.probes import Depth, all_probes
from idprobe.proving.company import Company, Kind, Verdicts, companies, judged_as
from idprobe.proving.influence import Influence
from idprobe.proving.keys import DECK
from idprobe.proving.trial import BASE, Trial, checks_within, declared_probes, depth_of, tried
from idprobe.reference.mutants import MUTANTS
from idprobe.reference.server import ReferenceServer

__all__ = ["all_tried"]

NOTHING: Final[Mapping[str, Influence]] = {}


def all_tried(
    plan: Mapping[str, Sequence[str]],
    processes: int | None = None,
    influences: Mapping[str, Influence] = NOTHING,
    sample: int = 0,
) -> Iterator[Trial]:
    """Yield what comes of each mutant of a plan, as it comes; the longest are begun first.

    Where it is known what they can change, most are tried in company first, and then alone by what
    that has not settled, and by a sample of what it has. Many wait for something to expire, so that
    three processes for each processor are not too many.
    """
    DECK.fill()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes or 3 * (os.cpu_count() or 1), mp_context=context) as pool:
        yield from _Running(pool, plan, influences, sample).trials()


@dataclass(slots=True)
class _Running:
    pool: ProcessPoolExecutor
    plan: Mapping[str, Sequence[str]]
    influences: Mapping[str, Influence]
    sample: int
    begun: dict[Future[Any], Kind | Company | str] = field(default_factory=dict)
    """What is under way: a sound server of a kind, a company, or a mutant by its name."""
    sound: dict[Kind, Verdicts] = field(default_factory=dict)

    def trials(self) -> Iterator[Trial]:
        """Yield every trial as it ends."""
        together = companies(self.plan) if self.influences else []
        for kind in dict.fromkeys(one.kind for one in together):
            probes = {probe for one in together if one.kind == kind for probe in one.probes}
            self._begin(kind, judged_as, kind, ReferenceServer, probes)
        alone = self.plan.keys() - {name for one in together for name in one.names}
        for name in sorted(alone, key=self._duration, reverse=True):
            self._begin(name, _one, name, self.plan[name])
        while self.begun:
            for done in wait(self.begun, return_when=FIRST_COMPLETED).done:
                what = self.begun.pop(done)
                if isinstance(what, Kind):
                    self.sound[what] = done.result()
                    for company in together:
                        if company.kind == what:
                            changed = self._changed(company)
                            self._begin(company, _left, company, done.result(), changed)
                elif isinstance(what, Company):
                    for name, left in done.result().items():
                        self._begin(name, _one, name, self._by(name, left))
                else:
                    yield done.result() if what in alone else self._whole(done.result())

    def _begin(self, what: Kind | Company | str, work: Callable[..., Any], *given: object) -> None:
        self.begun[self.pool.submit(work, *given)] = what

    def _duration(self, name: str) -> tuple[int, int, str]:
        return depth_of(MUTANTS[name]), len(self.plan[name]), name

    def _changed(self, company: Company) -> Mapping[str, Collection[str]]:
        changed = self.influences[company.kind.profile].changed
        return {name: changed[name] for name in company.names}

    def _by(self, name: str, left: Collection[str]) -> list[str]:
        """Return the probes that a mutant is to be tried by after it was in company."""
        planned, mutant = set(self.plan[name]), MUTANTS[name]
        # in company nothing waits for an expiry, nor tells stories
        deep = {one for one in planned if Depth.QUICK < all_probes()[one].depth <= depth_of(mutant)}
        mine = planned & (declared_probes(mutant) | BASE | deep | set(left))
        source = random.Random(name)  # noqa: S311 -- a sample, no secret
        settled = sorted(planned - mine)
        return sorted(mine.union(source.sample(settled, min(self.sample, len(settled)))))

    def _whole(self, trial: Trial) -> Trial:
        """Return a trial that counts what was run in company as well."""
        planned, sound = set(self.plan[trial.mutant]), self.sound[Kind.of(MUTANTS[trial.mutant])]
        judged = sum(check.name in sound for check in checks_within(planned | BASE))
        return replace(trial, probes=len(planned), judged=judged)


def _left(
    company: Company, sound: Verdicts, changed: Mapping[str, Collection[str]]
) -> Mapping[str, Collection[str]]:
    """Return what each mutant of a company is to be tried by alone: all, if they do not agree."""
    try:
        return company.left(sound, changed)
    except Exception:  # noqa: BLE001 -- whosever fault it is shows when each is alone
        return company.plan


def _one(name: str, probes: Sequence[str]) -> Trial:
    try:
        return tried(name, probes)
    except Exception as error:  # noqa: BLE001 -- a fault of ours, and the others are not to be lost
        told = "".join(traceback.format_exception_only(error)).strip()
        silent = tuple(sorted(MUTANTS[name].breaks))
        return Trial(name, len(probes), 0, (), silent, (), (), (f"no trial: {told}",))
