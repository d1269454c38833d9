"""Many mutants put to the test, in processes that are forked from one that is warm."""

import gc
import multiprocessing
import os
import random
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, Final

from idprobe.probes import Depth, all_probes
from idprobe_reference.mutants import MUTANTS
from idprobe_reference.server import ReferenceServer
from tools.proving.batches import Batch, Kind, Verdicts, batches_of, judged_as
from tools.proving.keys import DECK
from tools.proving.reach import Reach
from tools.proving.trial import (
    BASE,
    Trial,
    checks_within,
    declared_probes,
    depth_of,
    tried,
    unseen,
)

__all__ = ["all_tried"]

NOTHING: Final[Mapping[str, Reach]] = {}
OF_SETTLED: Final = 3
"""One in so many of a sample is of what was settled in a batch."""
GARBAGE: Final = 50_000
"""So many objects are made before the collector of cycles looks at them."""


def all_tried(
    plan: Mapping[str, Sequence[str]],
    processes: int | None = None,
    reaches: Mapping[str, Reach] = NOTHING,
    sample: int = 0,
) -> Iterator[Trial]:
    """Yield what comes of each mutant of a plan, as it comes; the longest are begun first.

    Where it is known what they can change, most are tried in a batch first, and then alone by what
    that has not settled, and by a sample of what it has. Many wait for something to expire, so that
    three processes for each processor are not too many.
    """
    DECK.fill()
    gc.freeze()  # what every process begins with is no garbage
    context = multiprocessing.get_context("fork")
    size = processes or 3 * (os.cpu_count() or 1)
    with ProcessPoolExecutor(size, context, gc.set_threshold, (GARBAGE,)) as pool:
        yield from _Running(pool, plan, reaches, sample).trials()


@dataclass(slots=True)
class _Running:
    pool: ProcessPoolExecutor
    plan: Mapping[str, Sequence[str]]
    reaches: Mapping[str, Reach]
    sample: int
    together: list[Batch] = field(init=False)
    alone: set[str] = field(init=False)
    """Those that are in no batch."""
    sound: dict[Kind, Verdicts] = field(default_factory=dict)
    tried: dict[str, Sequence[str]] = field(default_factory=dict)
    """By what those that were in a batch are tried alone, and have not been tried by more."""
    begun: dict[Future[Any], Kind | Batch | str] = field(default_factory=dict)
    """What is under way: a sound server of a kind, a batch, or a mutant by its name."""

    def __post_init__(self) -> None:
        self.together = batches_of(self.plan) if self.reaches else []
        self.alone = self.plan.keys() - {name for one in self.together for name in one.names}

    def trials(self) -> Iterator[Trial]:
        """Yield every trial as it ends."""
        for kind in dict.fromkeys(one.kind for one in self.together):
            probes = {probe for one in self.together if one.kind == kind for probe in one.probes}
            self._begin(kind, judged_as, kind, ReferenceServer, probes)
        if not self.together:
            self._begin_alone()
        while self.begun:
            for done in wait(self.begun, return_when=FIRST_COMPLETED).done:
                yield from self._after(self.begun.pop(done), done.result())

    def _after(self, what: Kind | Batch | str, found: Any) -> Iterator[Trial]:
        """Yield what has come of a mutant, or begin what is to be done next."""
        if isinstance(what, Kind):
            self._begin_batches(what, found)
        elif isinstance(what, Batch):
            for name, left in found.items():
                self.tried[name] = self._by(name, left)
                self._begin(name, _briefly, name, self.tried[name])
        elif what in self.alone:
            yield found
        elif what in self.tried and unseen(found):
            # a short search did not find what a long one may
            self._begin(what, _one, what, self.tried.pop(what))
        else:
            yield self._whole(found)

    def _begin_batches(self, kind: Kind, sound: Verdicts) -> None:
        """Begin the batches of a kind, and behind them all those that are alone."""
        self.sound[kind] = sound
        for batch in self.together:
            if batch.kind == kind:
                self._begin(batch, _left, batch, sound, self._changed(batch))
        if all(one.kind in self.sound for one in self.together):
            self._begin_alone()

    def _begin_alone(self) -> None:
        for name in sorted(self.alone, key=self._duration, reverse=True):
            self._begin(name, _one, name, self.plan[name])

    def _begin(self, what: Kind | Batch | str, work: Callable[..., Any], *given: object) -> None:
        self.begun[self.pool.submit(work, *given)] = what

    def _duration(self, name: str) -> tuple[int, int, str]:
        return depth_of(MUTANTS[name]), len(self.plan[name]), name

    def _changed(self, batch: Batch) -> Mapping[str, Collection[str]]:
        changed = self.reaches[batch.kind.profile].changed
        return {name: changed[name] for name in batch.names}

    def _by(self, name: str, left: Collection[str]) -> list[str]:
        """Return the probes that a mutant is to be tried by after it was in a batch."""
        planned = set(self.plan[name])
        mine = planned & {*declared_probes(MUTANTS[name]), *BASE, *left, *self._deep(name)}
        source = random.Random(name)  # noqa: S311 -- a sample, no secret
        settled = sorted(planned - mine)
        size = min(self.sample // OF_SETTLED, len(settled))
        return sorted(mine.union(source.sample(settled, size)))

    def _deep(self, name: str) -> set[str]:
        """Return the probes of what was not judged in a batch: nothing waits there for an expiry.

        Nor are stories told.
        """
        probes, depth = all_probes(), depth_of(MUTANTS[name])
        deep = {one for one in self.plan[name] if Depth.QUICK < probes[one].depth <= depth}
        checks = (one for one in checks_within(self.plan[name]) if deep.intersection(one.probes))
        return {probe for one in checks for probe in one.probes}

    def _whole(self, trial: Trial) -> Trial:
        """Return a trial that counts what was run in a batch as well."""
        planned, sound = set(self.plan[trial.mutant]), self.sound[Kind.of(MUTANTS[trial.mutant])]
        judged = sum(check.name in sound for check in checks_within(planned | BASE))
        return replace(trial, probes=len(planned), judged=judged)


def _left(
    batch: Batch, sound: Verdicts, changed: Mapping[str, Collection[str]]
) -> Mapping[str, Collection[str]]:
    """Return what each mutant of a batch is to be tried by alone: all, if they do not agree."""
    try:
        return batch.left(sound, changed)
    except Exception:  # noqa: BLE001 -- whosever fault it is shows when each is alone
        return batch.plan


def _briefly(name: str, probes: Sequence[str]) -> Trial:
    """Put a mutant to the test by short searches: most are found by those."""
    return _one(name, probes, thorough=False)


def _one(name: str, probes: Sequence[str], *, thorough: bool = True) -> Trial:
    try:
        return tried(name, probes, thorough=thorough)
    except Exception as error:  # noqa: BLE001 -- a fault of ours, and the others are not to be lost
        told = "".join(traceback.format_exception_only(error)).strip()
        silent = tuple(sorted(MUTANTS[name].breaks))
        return Trial(name, len(probes), 0, (), silent, (), (), (f"no trial: {told}",))
