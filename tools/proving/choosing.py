"""Which probes are run against which mutant."""

import asyncio
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe.judge.collect import InProcess, all_checks
from idprobe.model.catalogue import load_catalogue, not_applicable_because
from idprobe.model.profile import Profile, Situation
from idprobe.observe.recorder import Observation
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety, all_probes
from idprobe.redaction import Vault
from idprobe_reference.mutants import MUTANTS, MutantInfo
from tools.proving.reach import ANY, BUILDING, Reach, Watched, Watcher, overridden
from tools.proving.trial import BASE, CONFIGS, aimed_checks, profile_of, reachable

__all__ = ["Chooser", "aimed_probes", "ran_elsewhere"]

METADATA: Final = "metadata_documents"
KEYS: Final = "keys_document"
PLAIN: Final = Selection(Depth.QUICK, Safety.INTRUSIVE)


def aimed_probes(mutant: MutantInfo) -> set[str]:
    """Return the probes of the checks of what a mutant breaks."""
    return {probe for check in aimed_checks(mutant) for probe in check.probes} | BASE


@dataclass(slots=True)
class Chooser:
    """Chooses probes; what was found out of the sound server is by the name of its profile."""

    seed: int
    sample: int
    """How many of the probes that need not be run are run all the same, for each mutant."""
    found: dict[str, tuple[Reach, Observation]]

    @classmethod
    def watching(cls, seed: int, sample: int, *, watches: bool = True) -> "Chooser":
        """Run the sound servers once each, and find out what which mutant can change."""
        return cls(seed, sample, {name: _watched(name) for name in CONFIGS if watches})

    @property
    def reaches(self) -> dict[str, Reach]:
        """Return what the mutants of a profile can change, by its name."""
        return {name: reach for name, (reach, _) in self.found.items()}

    def few(self, mutant: MutantInfo) -> set[str]:
        """Return the probes that a mutant is aimed at, and a sample of all others."""
        aimed = aimed_probes(mutant)
        if mutant.alone:
            return aimed
        return aimed | self._sample(mutant, all_probes().keys() - aimed)

    def all(self, mutant: MutantInfo) -> set[str]:
        """Return the probes that could see a mutant, and a sample of those that could not."""
        if mutant.alone:
            return aimed_probes(mutant)
        wanted = aimed_probes(mutant) | self._touched(mutant)
        for check in all_checks():
            if not wanted.isdisjoint(set(check.probes) - BASE) or set(check.probes) <= wanted:
                wanted |= set(check.probes)
        return wanted | self._sample(mutant, all_probes().keys() - wanted)

    def _sample(self, mutant: MutantInfo, probes: Collection[str]) -> set[str]:
        source = random.Random(f"{self.seed} {mutant.name}")  # noqa: S311 -- a sample, no secret
        return set(source.sample(sorted(probes), min(self.sample, len(probes))))

    def _touched(self, mutant: MutantInfo) -> set[str]:
        if mutant.scenario:
            return set()  # experiments that ask one at a time do not see it
        reach, seen = self.found[mutant.profile]
        changed = reach.changed[mutant.name]
        own = overridden(mutant)
        whole = {"__init__", "app"} & own or BUILDING in changed
        if whole or mutant.features or mutant.path:
            return set(all_probes())
        touched = set(changed & all_probes().keys())
        if mutant.medium != "asgi":
            touched |= ran_elsewhere(seen)
        if METADATA in changed:
            touched |= self._readers(mutant, reach, seen)
        if KEYS in changed:
            touched |= reach.verifying & all_probes().keys()
        return touched

    def _readers(self, mutant: MutantInfo, reach: Reach, seen: Observation) -> set[str]:
        """Return the probes of what depends on those metadata that a mutant changes."""
        before, after = dict(seen.situation.metadata), _metadata(mutant)
        members = [
            name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
        ]
        readers = {probe for name in (*members, ANY) for probe in reach.readers[name]}
        profile = profile_of(mutant)
        return (readers & all_probes().keys()) | _newly_applicable(profile, before, after)


def ran_elsewhere(seen: Observation) -> set[str]:
    """Return the probes that need a socket."""
    return {
        name
        for name, outcome in seen.outcomes.items()
        if outcome.outcome == "not_applicable" and name in all_probes()
    }


def _newly_applicable(
    profile: Profile, before: Mapping[str, Any], after: Mapping[str, Any]
) -> set[str]:
    """Return the probes of the checks that apply under one of two metadata and not the other."""
    catalogue = load_catalogue()
    old, new = (Situation(profile, metadata) for metadata in (before, after))
    changed = {
        one.id
        for one in catalogue
        if (not_applicable_because(one, old) is None) != (not_applicable_because(one, new) is None)
    }
    return {
        probe
        for check in all_checks()
        if changed & {same for one in check.requirements for same in catalogue.alike(one)}
        for probe in check.probes
    }


def _metadata(mutant: MutantInfo) -> Mapping[str, Any]:
    """Return the metadata that a mutant serves, {} if it serves none."""
    alone = replace(mutant, medium="asgi")
    with reachable(alone) as (profile, transport):
        observer = Watched(profile, Vault.of(profile), None, PLAIN, transport)
        observer.reach = Reach()
        return dict(asyncio.run(observer.observe([METADATA])).situation.metadata)


def _watched(name: str) -> tuple[Reach, Observation]:
    """Return what the sound server of a profile says about the mutants of that profile."""
    mutants = [one for one in MUTANTS.values() if one.profile == name]
    watcher = Watcher(mutants)
    profile = profile_of(replace(mutants[0], features=(), path=""))
    with watcher.building():
        server = watcher.server_class()(replace(CONFIGS[name](), issuer=profile.issuer))
        application = server.app
    observer = Watched(profile, Vault.of(profile), None, PLAIN, InProcess(application))
    observer.reach = watcher.reach
    with watcher.watching():
        seen = asyncio.run(observer.observe(all_probes()))
    return watcher.reach, seen
