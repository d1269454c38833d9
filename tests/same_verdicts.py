"""Audit the same servers again and again, the probes in other orders and more or fewer at once.

    python tests/same_verdicts.py --runs 20 reference fixtures/providers/keycloak.toml

Every run must come to the same verdicts; prints what differs, and exits with 1 if anything did.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.content import content
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import Profile, with_issuer
from idprobe.model.verdict import name_of
from idprobe.report.record import fingerprint
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.running import serve

EMBEDDED: Final = {"reference": reference_config, "speakup": speakup_config}
AT_ONCE: Final = (1, 2, 4, 8, 16)
"""How many requests may be under way; a profile's own limit is never exceeded."""

Verdicts = Mapping[tuple[str, str, str], str]


def main(arguments: list[str] | None = None) -> int:
    """Run the audits and say what differed; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=["reference"])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args(arguments)
    print(f"seed {chosen.seed}")
    differing = sum(
        repeat(target, chosen.runs, random.Random(f"{chosen.seed} {target}"))
        for target in chosen.targets
    )
    return 1 if differing else 0


def repeat(target: str, runs: int, chance: random.Random) -> int:
    """Audit one target so many times; return how many verdicts were not the same each time."""
    with served(target) as profile:
        begun = time.perf_counter()
        found = [verdicts(profile, chance) for _ in range(runs)]
        seconds = time.perf_counter() - begun
    differing = differences(found)
    print(f"{target}: {runs} runs of {len(found[0])} verdicts, {seconds / runs:.1f} s each")
    for (check, requirement, _), seen in differing.items():
        print(f"  {requirement} by {check}: {dict(seen)}")
    print(f"  {len(differing)} differ")
    return len(differing)


@contextlib.contextmanager
def served(target: str) -> Iterator[Profile]:
    """Give the profile of a target, an embedded server's while it serves."""
    if target not in EMBEDDED:
        yield resolve(target)
        return
    with serve(EMBEDDED[target]()) as running:
        yield with_issuer(
            resolve(str(content("fixtures", "providers", f"{target}.toml"))),
            running.issuer,
            running.ca_file,
        )


def verdicts(profile: Profile, chance: random.Random) -> Verdicts:
    """Audit once, in an order of its own; return the verdicts by check, requirement, finding."""
    limits = replace(
        profile.limits,
        concurrency=min(chance.choice(AT_ONCE), profile.limits.concurrency or max(AT_ONCE)),
    )
    checks = chance.sample(all_checks(), len(all_checks()))
    with tempfile.TemporaryDirectory() as folder:
        options = Options(Path(folder), keeps_evidence=False)
        judgements = judged(Audit(replace(profile, limits=limits), options), checks)
    return {(j.check, j.requirement.id, fingerprint(j)): name_of(j.verdict) for j in judgements}


def differences(found: list[Verdicts]) -> Mapping[tuple[str, str, str], Counter[str]]:
    """Return what did not come out the same in each run, with how often it came out how."""
    keys = dict.fromkeys(key for one in found for key in one)
    counts = {key: Counter(one.get(key, "absent") for one in found) for key in keys}
    return {key: count for key, count in counts.items() if len(count) > 1}


if __name__ == "__main__":
    sys.exit(main())
