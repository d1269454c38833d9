"""How soon stories find a fault of memory, and how short the story is that is left: a script.

    python tests/story_search.py [--seeds 3] [--only REGEX] [--whole]

Each mutant of the reference server that takes a search is told stories as `idprobe audit --depth
full` does, from several seeds, in this process; then the correct server, who must keep every claim.
A mutant is found if all that it says it breaks is judged violated; without `--whole` it is told
stories for these claims alone, so that no time goes to what else it breaks. Told of each: how many
stories had been tried when the claim was broken first, how many in all with those that shrink it,
how many requests the shrunk story has, and the seconds.
"""

import argparse
import re
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import getsource
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar
from unittest.mock import patch

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import Check, InProcess, all_checks, judged
from idprobe.lifecycle import Claim
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import HarnessFault, Inconclusive, Judgement, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth
from idprobe.probes.state import stories
from idprobe.searching import Search
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.mutants import MUTANTS
from idprobe_reference.server import ReferenceServer
from tools.proving.matrix import interval

T = TypeVar("T")

ISSUER: Final = "http://127.0.0.1:8081"
PROBES: Final = ({"token_stories", "public_token_stories"}, {"brief_token_stories"})
"""Those that wait are for what the others do not find."""
CLAIMS: Final = dict(stories.CLAIMS)
CORRECT: Final = "the correct server"
NUMBERED: Final = re.compile(r"^ *\d+\. ", re.MULTILINE)


class Finding(Search[T]):
    """A search that is content with the first example that fails."""

    def _is_spent(self) -> bool:
        return bool(self._failures) or super()._is_spent()


@dataclass(frozen=True)
class Run:
    """What came of the stories that one server was told from one seed."""

    violated: frozenset[str]
    unclear: int
    first: int | None
    tried: int
    steps: int | None
    seconds: float
    cpu_s: float
    """What both sides took of the processor, which other work does not make longer."""
    story: str


def told(server: type[ReferenceServer], probes: set[str], seed: int) -> Audit:
    """Return the audit of a server by a few probes."""
    config = replace(reference_config(), issuer=ISSUER)
    profile = with_issuer(resolve("reference"), ISSUER)
    with TemporaryDirectory() as out:
        options = Options(Path(out), Selection(Depth.FULL, seed=seed), keeps_evidence=False)
        audit = Audit(profile, options, InProcess(server(config).app))
        judged(audit, [check for check in all_checks() if probes & {*check.probes}])
    return audit


def claims_of(checks: Sequence[Check], probe: str) -> frozenset[Claim]:
    """Return the claims that some checks read in the stories of a probe."""
    texts = [getsource(check.body) for check in checks if probe in check.probes]
    return frozenset(one for one in Claim if any(f".{one.name})" in text for text in texts))


def run(
    server: type[ReferenceServer], wanted: frozenset[str], seed: int, *, whole: bool = True
) -> Run:
    """Tell a server stories: those that are told for what is `wanted`, all if nothing is."""
    alike = load_catalogue().canonical

    def ids_of(check: Check) -> set[str]:
        return {alike(one) for one in check.requirements} & wanted

    begun, worked = time.monotonic(), time.process_time()
    judgements: list[Judgement] = []
    searched: list[Mapping[str, Any]] = []
    groups = [[check for check in all_checks() if probes & {*check.probes}] for probes in PROBES]
    fits = [[one for one in group if ids_of(one) or not wanted] for group in groups]
    for fitting in sorted(fits, key=lambda some: -len({i for one in some for i in ids_of(one)})):
        named = {probe for check in fitting for probe in check.probes}
        broken = {alike(j.requirement.id) for j in judgements if isinstance(j.verdict, Violated)}
        if named and not (wanted and wanted <= broken):
            sought = CLAIMS if whole else {name: claims_of(fitting, name) for name in named}
            with patch.dict(stories.CLAIMS, sought):
                seen = told(server, named, seed)
            judgements += seen.judgements
            searched += [trace.searched for trace in seen.traces([*named]).values()]
    seconds, cpu_s = time.monotonic() - begun, time.process_time() - worked
    bad = [one for one in judgements if isinstance(one.verdict, Violated)]
    meant = [one for one in bad if alike(one.requirement.id) in wanted]
    return Run(
        violated=frozenset(alike(one.requirement.id) for one in bad),
        unclear=sum(isinstance(j.verdict, Inconclusive | HarnessFault) for j in judgements),
        first=min((_first(one, searched) for one in meant), default=None),
        tried=sum(int(one["examples"]) for one in searched),
        steps=min((len(NUMBERED.findall(one.remark)) for one in meant), default=None),
        seconds=seconds,
        cpu_s=cpu_s,
        story=min((one.remark for one in meant), key=len, default=""),
    )


def _first(judgement: Judgement, searched: list[Mapping[str, Any]]) -> int:
    """Return how many stories had been told when one broke the claim of a judgement."""
    found = [one for some in searched for one in some.get("found", ())]
    return next(int(one["first"]) for one in found if one["reproduce"] == judgement.replay)


def mutants(pattern: str) -> Iterator[tuple[str, type[ReferenceServer], frozenset[str]]]:
    alike = load_catalogue().canonical
    for name, one in MUTANTS.items():
        if one.by_search and re.search(pattern, name):
            yield name, one.server_class, frozenset(alike(broken) for broken in one.breaks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--unshrunk", action="store_true", help="stop once a claim is broken")
    parser.add_argument("--tell", action="store_true", help="print the shrunk stories")
    parser.add_argument("--whole", action="store_true", help="seek every claim, as an audit does")
    given = parser.parse_args()
    runs: list[tuple[Run, bool]] = []
    if given.unshrunk:
        setattr(stories, "Search", Finding)  # noqa: B010 -- it is replaced, on purpose
    seeds = range(given.first, given.first + given.seeds)
    for seed in seeds:
        for name, server, wanted in mutants(given.only):
            seen = run(server, wanted, seed, whole=given.whole)
            is_found = wanted <= seen.violated
            runs.append((seen, is_found))
            _say(f"{name:<45} seed {seed}  {'found' if is_found else 'NOT FOUND':<9} {_told(seen)}")
            if given.tell:
                _say(seen.story)
    if runs:
        _summary(runs)
    for seed in seeds if not given.only else ():
        seen = run(ReferenceServer, frozenset(), seed)
        _say(
            f"{CORRECT:<45} seed {seed}  {len(seen.violated)} violated, {seen.unclear} inconclusive"
            f" after {seen.tried} stories, {seen.seconds:.1f} s"
        )


def _told(seen: Run) -> str:
    return (
        f"after {seen.first or '-':>3} of {seen.tried:>3} stories, "
        f"{seen.steps or '-':>2} steps, {seen.seconds:5.1f} s, {seen.cpu_s:5.1f} s of the processor"
    )


def _summary(runs: list[tuple[Run, bool]]) -> None:
    found = sum(is_found for _, is_found in runs)
    low, high = interval(found, len(runs))
    _say(f"found in {found} of {len(runs)} runs [{low:.1%}, {high:.1%}]")
    steps = [seen.steps for seen, _ in runs if seen.steps]
    first = [seen.first for seen, _ in runs if seen.first]
    for what, numbers in (("steps of the shrunk story", steps), ("stories until then", first)):
        if numbers:
            mean, median = statistics.mean(numbers), statistics.median(numbers)
            _say(f"{what}: mean {mean:.2f}, median {median:g}, at most {max(numbers)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
