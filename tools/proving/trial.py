"""One mutant put to the test: it is served, the chosen probes are run, the checks judge."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import Check, InProcess, all_checks, judged
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Login, Profile, with_issuer
from idprobe.model.verdict import HarnessFault, Judgement, Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Probe, Safety, all_probes
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.mutants import MUTANTS, MutantInfo
from idprobe_reference.running import serve
from tools.proving.keys import DECK
from tools.proving.loading import crowded, loaded

__all__ = [
    "BASE",
    "CONFIGS",
    "ISSUER",
    "Trial",
    "aimed_checks",
    "checks_within",
    "closure",
    "declared",
    "declared_probes",
    "depth_of",
    "judgements",
    "profile_of",
    "reachable",
    "tried",
    "unseen",
]

ISSUER: Final = "http://127.0.0.1:8081"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
SEARCH_S: Final = 60.0
"""So long a search may take: stories that wait for an expiry would take minutes at full depth."""
CALLED_S: Final = 5.0
"""So long the call of a server in this process may take: it is there at once, or never comes."""
ROUNDS: Final = 10
"""How many short load runs a mutant has to be wrong in one of, on a machine however slow."""
PERHAPS: Final = "perhaps "
"""So begins the reason of a consequence that luck decides about."""
BASE: Final = frozenset({"metadata_documents", "keys_document"})
"""What every run fetches before all else."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one mutant."""

    mutant: str
    probes: int
    """How many were run."""
    judged: int
    """How many checks judged."""
    fired: tuple[tuple[str, str, str], ...]
    """Each check that fired, the requirement (by its canonical id) that it says is broken, why."""
    silent: tuple[str, ...]
    """What the mutant breaks, and no check says is broken."""
    undeclared: tuple[tuple[str, str, str], ...]
    """What fired although the mutant does not declare it."""
    unused: tuple[str, ...]
    """What is declared to fire besides, and was found kept by every check of it."""
    faults: tuple[str, ...]
    """Faults of our own."""

    @property
    def killed(self) -> bool:
        """Return whether everything that the mutant breaks was seen."""
        return not self.silent


def closure(identifiers: Iterable[str]) -> set[str]:
    """Return the canonical names of requirements: those that say the same are one."""
    catalogue = load_catalogue()
    return {catalogue.canonical(identifier) for identifier in identifiers}


def declared(mutant: MutantInfo) -> set[str]:
    """Return everything that may fire at a mutant."""
    return closure({*mutant.breaks, *mutant.also})


def declared_probes(mutant: MutantInfo) -> set[str]:
    """Return the probes of the checks of everything that may fire at a mutant."""
    may_fire = declared(mutant)
    checks = (check for check in all_checks() if closure(check.requirements) & may_fire)
    return {probe for check in checks for probe in check.probes}


def aimed_checks(mutant: MutantInfo) -> list[Check]:
    """Return the checks of what a mutant breaks."""
    broken = closure(mutant.breaks)
    return [check for check in all_checks() if closure(check.requirements) & broken]


def checks_within(probes: Collection[str]) -> list[Check]:
    """Return the checks that need no other probes."""
    return [check for check in all_checks() if set(check.probes) <= set(probes)]


@cache
def _resolved(name: str) -> Profile:
    return resolve(name)


def profile_of(mutant: MutantInfo) -> Profile:
    """Return the profile of a mutant, at the issuer that stands for it in process."""
    profile = _resolved(mutant.profile)
    profile = replace(profile, features=(*profile.features, *mutant.features))
    if mutant.medium == "browser":
        profile = replace(profile, login=Login("browser"))
    return with_issuer(profile, f"{ISSUER}{mutant.path}")


@contextmanager
def reachable(mutant: MutantInfo) -> Iterator[tuple[Profile, httpx.AsyncBaseTransport | None]]:
    """Yield the profile of a mutant, and its transport unless it is on a socket."""
    profile, config = profile_of(mutant), CONFIGS[mutant.profile]()
    if mutant.medium == "asgi":
        server = mutant.server_class(replace(config, issuer=profile.issuer))
        yield profile, InProcess(server.app, raise_app_exceptions=False)
        return
    tls = mutant.medium == "tls"
    with serve(config, tls=tls, server_class=mutant.server_class) as running:
        yield with_issuer(profile, running.issuer, running.ca_file), None


def _aimed(mutant: MutantInfo) -> list[Probe]:
    return [all_probes()[probe] for check in aimed_checks(mutant) for probe in check.probes]


def depth_of(mutant: MutantInfo) -> Depth:
    """Return the depth that the checks of a mutant need: deep ones wait, or tell stories."""
    return max((probe.depth for probe in _aimed(mutant)), default=Depth.QUICK)


def judgements(
    mutant: MutantInfo,
    probes: Collection[str],
    safety: Safety = Safety.INTRUSIVE,
    *,
    thorough: bool = True,
) -> list[Judgement]:
    """Run these probes against a mutant, and return what the checks that need no others judge.

    Probes that wait are run where the mutant's own checks need them, and only their searches are
    thorough, if any are. Where load has to show it, the probes ask one at a time: they must not.
    """
    DECK.shuffle()
    run = {*probes, *BASE}
    checks = checks_within(run)
    aimed = [probe for probe in _aimed(mutant) if probe.name in run]
    safest = max([safety, *(probe.safety for probe in aimed)])
    # nobody reads what is found: it need not be small
    selection = Selection(
        max((probe.depth for probe in aimed), default=Depth.QUICK),
        safest,
        shrinks=False,
        seconds=SEARCH_S,
        arrival_s=CALLED_S,
        thorough={one.name for one in aimed} if thorough else (),
    )
    with reachable(mutant) as (found, transport), TemporaryDirectory() as out:
        options = Options(Path(out), selection, keeps_evidence=False)
        profile = crowded(found) if mutant.scenario else found
        if mutant.scenario:
            options = replace(options, under_load=loaded(profile, mutant.scenario, rounds=ROUNDS))
            profile = replace(profile, limits=replace(profile.limits, concurrency=1))
        return judged(Audit(profile, options, transport), checks)


def _expected(mutant: MutantInfo) -> Iterator[str]:
    """Yield what has to fire besides: not what depends on which experiments meet."""
    for identifier, because in mutant.also.items():
        if not because.startswith(PERHAPS):
            yield identifier


def unseen(trial: Trial) -> set[str]:
    """Return what has to fire at a mutant and did not."""
    mutant = MUTANTS[trial.mutant]
    return closure({*mutant.breaks, *_expected(mutant)}) - {i for _, i, _ in trial.fired}


def _kept(judgements: Iterable[Judgement]) -> set[str]:
    """Return what every check of it found kept; those that could not decide say nothing.

    Nor do searches: that they found nothing may be their luck.
    """
    kept, rest = set[str](), set[str]()
    for one in judgements:
        is_certain = isinstance(one.verdict, Satisfied) and one.check not in _searching()
        (kept if is_certain else rest).add(one.requirement.id)
    return closure(kept) - closure(rest)


@cache
def _searching() -> frozenset[str]:
    """Return the names of the checks that a search decides about."""
    probes = all_probes()
    return frozenset(c.name for c in all_checks() if any(probes[p].searches for p in c.probes))


def tried(
    name: str,
    probes: Collection[str],
    safety: Safety = Safety.INTRUSIVE,
    *,
    thorough: bool = True,
) -> Trial:
    """Put a mutant to the test with these probes."""
    mutant = MUTANTS[name]
    found = judgements(mutant, probes, safety, thorough=thorough)
    canonical = load_catalogue().canonical
    fired = {
        (one.check, canonical(one.requirement.id)): str(one.verdict)
        for one in found
        if isinstance(one.verdict, Violated) and one.deviation is None
    }
    woken = {identifier for _, identifier in fired}
    rows = tuple((check, i, why) for (check, i), why in sorted(fired.items()))
    return Trial(
        name,
        len(probes),
        len({one.check for one in found}),
        rows,
        tuple(sorted(closure(mutant.breaks) - woken)),
        tuple(row for row in rows if row[1] not in declared(mutant)),
        tuple(sorted(closure(_expected(mutant)) & _kept(found))),
        tuple(f"{o.check}: {o.verdict}" for o in found if isinstance(o.verdict, HarnessFault)),
    )
