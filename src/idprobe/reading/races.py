"""What a series of races shows: who was served, and how small a window they rule out.

A client sees when it let a request go and when its answer began, not when the request arrived. So
the two are taken together: by how much the releases of a race were apart, and by how much answers
of one kind were, which is no less than their requests were apart wherever they were dealt with.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from statistics import median
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import Refused, answer_of, gives_tokens

__all__ = [
    "CONFIDENCE",
    "Race",
    "Window",
    "races_of",
    "rank_of",
    "require_small_window",
    "revocations",
    "smallest_window",
]

CONFIDENCE: Final = 0.95
SMALL: Final = 0.5
"""A window that is ruled out says something if it is at most this part of the service time."""
ALIKE: Final = 2
"""So many answers of one kind are needed to see by how much they are apart."""


@dataclass(frozen=True, slots=True)
class Race:
    """One race: its requests that were served, and those that were refused in due form."""

    step: str
    exchanges: tuple[Exchange, ...]

    @property
    def served(self) -> tuple[Exchange, ...]:
        """The requests that brought tokens."""
        return tuple(one for one in self.exchanges if one.response and gives_tokens(one))

    @property
    def refused(self) -> tuple[Exchange, ...]:
        """The requests that were refused; an overload or a crash is none of them."""
        answered = (one for one in self.exchanges if one.response)
        return tuple(one for one in answered if isinstance(answer_of(one), Refused))

    @property
    def spread_ns(self) -> int:
        """How long the sweep took that let the requests go."""
        return _range(_released(self.exchanges))

    def told(self) -> str:
        """Return how many of its requests were served, as the head of a sentence."""
        of = f"{len(self.served)} of {len(self.exchanges)} requests"
        return f"{of} let go within {self.spread_ns / 1e3:.0f} µs"

    def apart_ns(self, alike: Sequence[Exchange]) -> float:
        """Return how far apart two of its requests may have been where they were dealt with."""
        heard = sorted(
            one.release.heard_ns
            for one in alike
            if one.release is not None and one.release.heard_ns is not None
        )
        return self.spread_ns + median(later - earlier for earlier, later in pairwise(heard))


@dataclass(frozen=True, slots=True)
class Window:
    """What races that nobody won rule out: a window of that length or more."""

    window_ns: float
    trials: int
    spread_ns: float
    service_ns: float

    @property
    def is_small(self) -> bool:
        """Whether it is small against the time that the server needs for such a request."""
        return self.window_ns <= SMALL * self.service_ns

    def __str__(self) -> str:
        return (
            f"no window of {self.window_ns / 1e6:.2g} ms or more found ({self.trials} trials, "
            f"spread {self.spread_ns / 1e3:.0f} µs, {CONFIDENCE:.0%}; "
            f"one request alone takes {self.service_ns / 1e6:.2g} ms)"
        )


Alike = Callable[[Race], Sequence[Exchange]]
"""Gives the answers of one kind of a race that counts, none of one that does not."""


def races_of(trace: Trace, step: str = "race") -> tuple[Race, ...]:
    """Return the races of a trace, in order."""
    found: dict[str, list[Exchange]] = {}
    for exchange in trace.steps(step):
        found.setdefault(exchange.step, []).append(exchange)
    return tuple(Race(name, tuple(exchanges)) for name, exchanges in found.items())


def require_small_window(trace: Trace, alike_of: Alike | None = None) -> None:
    """Let a trace remark which window its races rule out.

    Raises EvidenceError if that is not small against the time that the server needs.
    """
    window = smallest_window(races_of(trace), trace.steps("alone"), alike_of or counted)
    if not window.is_small:
        raise EvidenceError(f"{window}, which rules out too little")
    trace.remark(str(window))


def revocations(trial: Race) -> Sequence[Exchange]:
    """Return the requests of a race that were answered by 200 and brought no tokens."""
    answered = (one for one in trial.exchanges if one.response)
    return [one for one in answered if one.answered.is_success and not gives_tokens(one)]


def counted(trial: Race) -> Sequence[Exchange]:
    """Return the answers of one kind of a trial that counts; none if it does not.

    It counts if exactly one request was served, and others were refused because of that.
    """
    return trial.refused if len(trial.served) == 1 else ()


def smallest_window(
    races: Sequence[Race],
    alone: Sequence[Exchange],
    alike_of: Alike,
) -> Window:
    """Return the smallest window that races rule out, with 95 % confidence.

    `alike_of` gives the answers of one kind of a race that counts. Raises EvidenceError if too few
    count, or if none of the requests that were sent alone tells how long one takes.
    """
    counting = [(race, alike_of(race)) for race in races]
    counting = [(race, alike) for race, alike in counting if len(alike) >= ALIKE]
    rank = rank_of(len(counting))
    service = [one.elapsed_ns for one in alone if one.response is not None]
    if not service:
        raise EvidenceError("no request was answered that was sent alone")
    if rank is None:
        void = len(races) - len(counting)
        raise EvidenceError(f"{len(counting)} races count and {void} are void: too few to tell")
    apart = sorted(race.apart_ns(alike) for race, alike in counting)
    spread = median(race.spread_ns for race, _ in counting)
    return Window(apart[rank - 1], len(counting), spread, median(service))


def rank_of(count: int) -> int | None:
    """Return which of so many distances, in order, is the window; None if there are too few.

    A window that a part q of all races hit, and none of N did, has (1 - q)^N for its chance: with
    half of what may be wrong spent on that, q is no more than 1 - 0.025^(1/N). The other half is
    spent on finding, from N distances, one below which at least that part of all distances lies:
    the k-th, if at least so many are below with 97.5 % (a binomial distribution).
    """
    if not count:
        return None
    risk = (1 - CONFIDENCE) / 2
    part = 1 - risk ** (1 / count)
    below = 0.0
    for rank in range(1, count + 1):
        fewer = rank - 1
        below += comb(count, fewer) * part**fewer * (1 - part) ** (count - fewer)
        if below >= 1 - risk:
            return rank
    return None


def _released(exchanges: Sequence[Exchange]) -> Iterator[int]:
    return (one.release.released_ns for one in exchanges if one.release is not None)


def _range(values: Iterator[int]) -> int:
    known = list(values)
    return max(known) - min(known) if known else 0
