"""Many mutants in one server: what is judged there as without them need not be tried at each.

An experiment that is made with twenty mutants in the server costs what it costs at one of them.
A check that judges as at the sound server has nothing to say about any of the twenty. The others
judge once more without the mutants that declare what they are about, or half of the mutants and
the other half, until few checks are left to try each mutant by alone.
"""

import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe.judge.collect import Check
from idprobe.observe.experiment import ACTING
from idprobe_reference.mutants import MUTANTS, MutantInfo
from idprobe_reference.server import ReferenceServer
from tools.proving.reach import overridden
from tools.proving.trial import BASE, checks_within, closure, declared, judgements

__all__ = ["Batch", "Kind", "Verdicts", "batches_of", "judged_as"]

MOST: Final = 24
"""So many mutants are in one server at most."""
MANY: Final = 40
"""From so many probes on it is worth looking for one mutant that spoils them all."""

PATIENCE_S: Final = 90.0
"""After so long a batch is not looked into further: some experiments wait, each time anew."""

Verdicts = Mapping[str, frozenset[tuple[str, str]]]
"""How each check judges which requirement."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What mutants in one server have in common."""

    profile: str
    medium: str
    features: tuple[str, ...]
    path: str

    @classmethod
    def of(cls, mutant: MutantInfo) -> "Kind":
        """Return the kind of a mutant."""
        return cls(mutant.profile, mutant.medium, mutant.features, mutant.path)


@dataclass(frozen=True, slots=True)
class Batch:
    """Mutants of one kind that are in one server, and how the checks judge without them."""

    names: tuple[str, ...]
    """Those in front first: what one of them does with a member, the next does before."""
    plan: Mapping[str, Collection[str]]
    """The probes that each is to be tried by."""

    @property
    def kind(self) -> Kind:
        """Return what they have in common."""
        return Kind.of(MUTANTS[self.names[0]])

    @property
    def probes(self) -> set[str]:
        """Return what is to be run at any of them."""
        return {probe for name in self.names for probe in self.plan[name]}

    def left(self, sound: Verdicts, changed: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
        """Make the experiments, and return the probes that each mutant has to be tried by alone.

        What is settled without is not among them; `changed` says what each is known to change.
        """
        checks = set(checks_within(self.probes | BASE))
        until = time.monotonic() + PATIENCE_S
        left = _Sifting(self.plan, sound, changed, until).left(self.names, checks)
        return {name: {p for one in left[name] for p in one.probes} for name in self.names}


def batches_of(plan: Mapping[str, Collection[str]]) -> list[Batch]:
    """Return which of these mutants can be in one server."""
    guests = [guest for name in sorted(plan) if (guest := _Guest.of(MUTANTS[name])) is not None]
    found: list[list[_Guest]] = []
    # who leaves nothing to others has to be behind them all: begin with those
    for guest in sorted(guests, key=lambda one: -len(one.ends)):
        room = (one for one in found if len(one) < MOST and guest.fits(one))
        batch = next(room, None)
        if batch is None:
            found.append([guest])
        else:
            batch.insert(0, guest)
    several = [tuple(one.name for one in batch) for batch in found if len(batch) > 1]
    return [Batch(names, {name: plan[name] for name in names}) for names in several]


def judged_as(kind: Kind, server_class: type[ReferenceServer], probes: Collection[str]) -> Verdicts:
    """Return how the checks that need no other probes judge a server of a kind."""
    like = next(one for one in MUTANTS.values() if Kind.of(one) == kind)
    served = replace(like, server_class=server_class, breaks=frozenset(), scenario="")
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in judgements(served, probes):
        found[one.check].add((one.requirement.id, type(one.verdict).__name__))
    return {check: frozenset(said) for check, said in found.items()}


@dataclass(frozen=True, slots=True)
class _Sifting:
    plan: Mapping[str, Collection[str]]
    sound: Verdicts
    changed: Mapping[str, Collection[str]]
    until: float
    """When to leave the rest to each mutant alone, by time.monotonic()."""

    def left(self, names: Sequence[str], checks: set[Check]) -> dict[str, set[Check]]:
        """Return the checks of these that each mutant is to be tried by alone."""
        if len(names) == 1:
            return {names[0]: set(checks)}
        odd, hidden = self._odd(names, checks)
        left = {name: {c for c in checks - odd if hidden[name] & {*c.probes}} for name in names}
        for blamed, theirs in _blamed(names, odd):
            is_late = time.monotonic() > self.until
            for name in self._concerned(names, theirs) if is_late else blamed:
                left[name] |= theirs
            for part in () if is_late else self._parts(names, blamed, theirs):
                for name, further in self.left(part, theirs).items():
                    left[name] |= further
        return left

    def _odd(
        self, names: Sequence[str], checks: Collection[Check]
    ) -> tuple[set[Check], dict[str, set[str]]]:
        """Return the checks that do not judge as they should, and the probes that hide a mutant.

        Those get to a mutant when it is alone, and did not because of the others.
        """
        probes = {probe for check in checks for probe in check.probes}
        reached = set[tuple[str, str]]()
        said = judged_as(Kind.of(MUTANTS[names[0]]), _together(names, reached), probes)
        odd = {one for one in checks if said.get(one.name) != self.sound.get(one.name)}
        sees = {name: probes.intersection(self.changed[name]) for name in names}
        return odd, {n: {one for one in sees[n] if (n, one) not in reached} for n in names}

    def _parts(
        self, names: Sequence[str], blamed: frozenset[str], checks: Collection[Check]
    ) -> Iterator[list[str]]:
        """Yield those that are to be tried once more: the innocent, or all in several parts."""
        parts: list[Sequence[str]]
        if blamed:
            parts = [[name for name in names if name not in blamed]]
        elif (spoiler := self._spoiler(names, checks)) is not None:
            parts = [[spoiler], [name for name in names if name != spoiler]]
        else:
            parts = [names[: len(names) // 2], names[len(names) // 2 :]]
        yield from filter(None, (self._concerned(part, checks) for part in parts))

    def _spoiler(self, names: Sequence[str], checks: Collection[Check]) -> str | None:
        """Return the mutant that alone makes one of many checks odd, likely the others, too."""
        if len({probe for check in checks for probe in check.probes}) < MANY:
            return None
        sample = {min(checks, key=lambda one: (len(one.probes), one.name))}
        while len(names) > 1:
            half = len(names) // 2
            parts = (names[:half], names[half:])
            odd = next((part for part in parts if self._odd(part, sample)[0]), None)
            if odd is None:
                return None
            names = odd
        return names[0]

    def _concerned(self, names: Iterable[str], checks: Iterable[Check]) -> list[str]:
        """Return those that are to be tried by what some of the checks need."""
        needed = {probe for check in checks for probe in check.probes}
        return [name for name in names if not needed.isdisjoint(self.plan[name])]


def _blamed(
    names: Iterable[str], checks: Iterable[Check]
) -> Iterator[tuple[frozenset[str], set[Check]]]:
    """Yield the mutants that declare what some of the checks are about, and those checks."""
    of = {name: declared(MUTANTS[name]) for name in names}
    found: dict[frozenset[str], set[Check]] = defaultdict(set)
    for check in checks:
        about = closure(check.requirements)
        found[frozenset(name for name in of if of[name] & about)].add(check)
    yield from found.items()


def _together(names: Sequence[str], reached: set[tuple[str, str]]) -> type[ReferenceServer]:
    """Return a server with all the faults, which notes whose were reached by which probe."""
    bases: list[type] = []
    for name in names:
        bases += [_noting(MUTANTS[name], reached), MUTANTS[name].server_class]
    return type("Together", tuple(bases), {})


def _noting(mutant: MutantInfo, reached: set[tuple[str, str]]) -> type:
    """Return a class that notes, in front of a mutant, when that is asked."""
    noting = type("Noting", (), {})

    def passing(member: str) -> Callable[..., Any]:
        def ask(self: object, *given: Any, **named: Any) -> Any:
            reached.add((mutant.name, ACTING.get()))
            return getattr(super(noting, self), member)(*given, **named)

        async def ask_later(self: object, *given: Any, **named: Any) -> Any:
            return await ask(self, *given, **named)

        later = inspect.iscoroutinefunction(getattr(mutant.server_class, member))
        return ask_later if later else ask

    for member in overridden(mutant) - {"__module__"}:
        setattr(noting, member, passing(member))
    return noting


@dataclass(frozen=True, slots=True)
class _Guest:
    """A mutant that can be in one server with others."""

    name: str
    kind: Kind
    members: frozenset[str]
    """The members of the sound server that it has its own way with."""
    own: frozenset[str]
    """Whatever else it defines."""
    ends: frozenset[str]
    """The members that it does not leave to those behind it."""

    @classmethod
    def of(cls, mutant: MutantInfo) -> "_Guest | None":
        """Return a mutant as a guest, None if it has to be alone."""
        if mutant.alone or mutant.scenario or mutant.medium == "browser":
            return None
        ancestry = mutant.server_class.__mro__
        bent = ancestry[: ancestry.index(ReferenceServer)]
        defined = {k: v for one in reversed(bent) for k, v in vars(one).items()}
        members = overridden(mutant) - {"__module__"}
        if not all(inspect.isfunction(defined[name]) for name in members):
            return None
        own = frozenset(name for name in defined if not name.startswith("__")) - members
        ends = (name for name in members if "super" not in defined[name].__code__.co_names)
        return cls(mutant.name, Kind.of(mutant), members, own, frozenset(ends))

    def fits(self, others: Sequence["_Guest"]) -> bool:
        """Return whether this one can be in front of others."""
        taken = {name for one in others for name in one.own}
        shared = {name for one in others for name in one.members}
        return (
            self.kind == others[0].kind
            and taken.isdisjoint(self.own)
            and shared.isdisjoint(self.ends)
        )
