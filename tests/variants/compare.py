"""Judge every variant of the reference server, and say which verdicts are not those of the server.

    python tests/variants/compare.py [--write PAGE] [-k PATTERN] [--sample N]

Exits with 1 if a verdict changed that its variant does not declare.
"""

import argparse
import contextlib
import fnmatch
import functools
import json
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import httpx

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import Check, InProcess, all_checks, judged
from idprobe.model.profile import Profile, with_issuer
from idprobe.model.verdict import because_of, name_of
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig
from idprobe_reference.variants import VARIANTS, VariantInfo

CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
HOST: Final = "http://127.0.0.1:8081"
BASELINES: Final = 4
LISTS: Final = ("declared", "undeclared", "unsteady")
OPEN_ENDED: Final = frozenset({"inconclusive", "harness_fault"})

PATIENCE_S: Final = 60.0
AT_ONCE: Final = 4
"""A slow machine is no freedom of a server."""

Key = tuple[str, str]
"""A check and a requirement."""
Verdicts = Mapping[Key, tuple[str, str]]
"""The name of each verdict, and why."""


@dataclass(frozen=True)
class Change:
    """A verdict that is not the one of the plain server."""

    requirement: str
    check: str
    before: str
    after: str
    because: str

    def __str__(self) -> str:
        """Return it in a line."""
        told = f"{self.requirement} by {self.check}: {self.before}, now {self.after}"
        return f"{told}: {self.because}"[:400]


@dataclass(frozen=True)
class Compared:
    """What became of a variant: how many verdicts, and which changed, by right or not."""

    name: str
    verdicts: int
    declared: tuple[Change, ...]
    undeclared: tuple[Change, ...]
    unsteady: tuple[Change, ...]
    """What changed once and did not when it was judged anew: an unsteadiness of ours."""
    unused: tuple[str, ...]
    """What it declares although nothing of that differs."""
    seconds: float


@contextlib.contextmanager
def reachable(
    server_class: type[ReferenceServer], shape: str, medium: str, path: str
) -> Iterator[tuple[Profile, httpx.AsyncBaseTransport | None]]:
    """Yield the profile of a server, and its transport unless it is on a socket."""
    profile, config = resolve(shape), CONFIGS[shape]()
    patient = replace(profile.limits, exchange_s=PATIENCE_S, concurrency=AT_ONCE)
    profile = replace(profile, limits=patient)
    if medium == "asgi":
        server = server_class(replace(config, issuer=f"{HOST}{path}"))
        named = naming_clients(profile, config, server)
        yield with_issuer(named, f"{HOST}{path}"), InProcess(server.app)
        return
    with serve(config, tls=medium == "tls", server_class=server_class) as running:
        named = naming_clients(profile, config, running.server)
        yield with_issuer(named, running.issuer, running.ca_file), None


def naming_clients(profile: Profile, config: ServerConfig, server: ReferenceServer) -> Profile:
    """Return the profile with the names that its clients and persons have at a server."""
    before, now = ([one.client_id for one in c.clients] for c in (config, server.config))
    ids = dict(zip(before, now, strict=True))
    clients = {n: replace(c, client_id=ids[c.client_id]) for n, c in profile.clients.items()}
    grant = profile.assertion_grant
    if grant is not None:
        subs = zip(config.users, server.config.users, strict=True)
        sub = next(new.sub for old, new in subs if old.sub == grant.subject)
        grant = replace(grant, subject=sub)
    return replace(profile, clients=clients, assertion_grant=grant)


def verdicts_of(
    server_class: type[ReferenceServer],
    shape: str,
    medium: str,
    path: str = "",
    *,
    checks: Sequence[Check] | None = None,
) -> Verdicts:
    """Judge a server, by the whole suite unless some checks are named."""
    with (
        reachable(server_class, shape, medium, path) as (profile, transport),
        tempfile.TemporaryDirectory() as folder,
    ):
        options = Options(Path(folder), keeps_evidence=False)
        judgements = judged(Audit(profile, options, transport), checks or all_checks())
    return {
        (j.check, j.requirement.id): (name_of(j.verdict), because_of(j.verdict)) for j in judgements
    }


@functools.cache
def plain(shape: str, medium: str) -> Verdicts:
    """Return the verdicts on the reference server itself, of a run that left nothing open."""
    for _ in range(BASELINES):
        verdicts = verdicts_of(ReferenceServer, shape, medium)
        if OPEN_ENDED.isdisjoint(name for name, _ in verdicts.values()):
            return verdicts
    raise RuntimeError(f"{BASELINES} runs on the {shape} server by {medium} left something open")


def compared(name: str) -> Compared:
    """Judge a variant beside the plain server."""
    variant, begun = VARIANTS[name], time.perf_counter()
    before = plain(variant.shape, variant.medium)
    how = (variant.server_class, variant.shape, variant.medium, variant.path)
    after = verdicts_of(*how)
    changes = changed(before, after)
    by_right = {change: reason_for(change, variant) for change in changes}
    wrong = [change for change in changes if by_right[change] is None]
    again = {(c.check, c.requirement) for c in changed(before, verdicts_of(*how))} if wrong else ()
    steady = [(change.check, change.requirement) in again for change in wrong]
    return Compared(
        name,
        len(after),
        tuple(change for change in changes if by_right[change] is not None),
        tuple(change for change, stays in zip(wrong, steady, strict=True) if stays),
        tuple(change for change, stays in zip(wrong, steady, strict=True) if not stays),
        tuple(p for p in variant.differs if p not in by_right.values()),
        time.perf_counter() - begun,
    )


def changed(before: Verdicts, after: Verdicts) -> list[Change]:
    """Return what differs between two servers."""
    absent = ("absent", "")
    return [
        Change(requirement, check, before.get(key, absent)[0], *after.get(key, absent))
        for key in {**before, **after}
        for check, requirement in (key,)
        if before.get(key, absent)[0] != after.get(key, absent)[0]
    ]


def reason_for(change: Change, variant: VariantInfo) -> str | None:
    """Return the declaration that allows a change; none allows an accusation or an open end."""
    if "not_applicable" not in {change.before, change.after}:
        return None
    if change.after == "violated" or change.after in OPEN_ENDED:
        return None
    names = (pattern for pattern in variant.differs if fnmatch.fnmatch(change.requirement, pattern))
    return next(names, None)


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate (Wilson's score interval)."""
    z, rate = 1.959964, hits / trials
    middle = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + (z / trials / 2) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def main(arguments: list[str] | None = None) -> int:
    """Compare the variants and say what changed; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", dest="words", default="")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--results", type=Path, help="keep what was found here, and go on from it")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args(arguments)
    names = [name for name in VARIANTS if re.search(chosen.words, name)]
    if chosen.sample:
        print(f"seed {chosen.seed}")
        names = random.Random(chosen.seed).sample(names, min(chosen.sample, len(names)))
    kept = known(chosen.results)
    begun = time.perf_counter()
    with ProcessPoolExecutor(chosen.processes) as pool:
        for one in pool.map(compared, [name for name in names if name not in kept]):
            tell(one)
            kept[one.name] = one
            keep(chosen.results, kept)
    found = [kept[name] for name in names]
    print(f"{rates(found)}\n{time.perf_counter() - begun:.0f} s")
    if chosen.write is not None:
        chosen.write.write_text(page(found), encoding="utf-8")
    return 1 if any(one.undeclared or one.unsteady or one.unused for one in found) else 0


def known(results: Path | None) -> dict[str, Compared]:
    """Return what was found before, of variants that changed nothing."""
    if results is None or not results.exists():
        return {}
    read = json.loads(results.read_text(encoding="utf-8"))
    found = [
        Compared(
            **{
                **one,
                **{k: tuple(Change(**c) for c in one[k]) for k in LISTS},
                "unused": tuple(one["unused"]),
            }
        )
        for one in read
    ]
    faulty = {one.name for one in found if one.undeclared or one.unsteady or one.unused}
    return {one.name: one for one in found if one.name not in faulty}


def keep(results: Path | None, found: Mapping[str, Compared]) -> None:
    """Write down what was found."""
    if results is not None:
        text = json.dumps([asdict(one) for one in found.values()], indent=1)
        results.write_text(text, encoding="utf-8")


def tell(one: Compared) -> None:
    """Print what became of a variant."""
    right = f", {len(one.declared)} by right" if one.declared else ""
    changed = f"{len(one.undeclared)} changed{right}"
    print(f"{one.name}: {one.verdicts} verdicts, {changed} ({one.seconds:.0f} s)", flush=True)
    for change in one.undeclared:
        print(f"  {change}")
    for change in one.unsteady:
        print(f"  in one of two runs: {change}")
    for name in one.unused:
        print(f"  declares {name}, of which nothing differs")


def rates(found: Sequence[Compared]) -> str:
    """Return how many variants and verdicts changed without right, as a table.

    A change counts whether or not it came again when its variant was judged anew.
    """
    counted = [len(one.undeclared) + len(one.unsteady) for one in found]
    verdicts, right = sum(one.verdicts for one in found), sum(len(o.declared) for o in found)
    rows = (
        ("verdicts changed without right", sum(counted), verdicts),
        ("of these, in one of two runs only", sum(len(one.unsteady) for one in found), verdicts),
        ("variants with such a change", sum(map(bool, counted)), len(found)),
        ("verdicts that differ by right, not counted above", right, verdicts),
    )
    head = "| what | count | of | rate | 95 % interval (Wilson) |\n|---|---|---|---|---|"
    return "\n".join([head, *(rate(*row) for row in rows)])


def rate(what: str, hits: int, trials: int) -> str:
    """Return a row of the table."""
    low, high = interval(hits, trials)
    return f"| {what} | {hits} | {trials} | {hits / trials:.4%} | {low:.4%} to {high:.4%} |"


def page(found: Sequence[Compared]) -> str:
    """Return the page of the documentation."""
    rows = [
        f"| {one.name} | {v.summary} | {v.freedom} | {v.shape}, {v.medium} | "
        f"{'; '.join(f'{k}: {r}' for k, r in v.differs.items()) or '–'} |"
        for one in found
        for v in (VARIANTS[one.name],)
    ]
    head = HEAD.rstrip().format(
        rates=rates(found), variants=len(found), changes="\n".join(list_of_changes(found))
    )
    return "\n".join([head, *rows, ""])


def list_of_changes(found: Sequence[Compared]) -> Iterator[str]:
    """Yield a line for each change that counts."""
    for one in found:
        yield from (f"- {one.name}: {change}." for change in one.undeclared)
        yield from (f"- {one.name}, in one of two runs: {change}." for change in one.unsteady)
    if not any(one.undeclared or one.unsteady for one in found):
        yield "There was none."


HEAD: Final = (Path(__file__).parent / "variants.head.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
