"""How often a run says that its generator was the limit: where it was, and where it was not."""

import argparse
import contextlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from loadtests.bench.rig import GENERATOR_CORE, Target, loaded, nginx, on_core, say, scripted

from tools.proving.matrix import interval

QUIET_PER_S = 500
STALLING_PER_S = 300
PERIOD_S, STALL_S = "4", "1"
CLOSED_S = 3
PATIENCE = "[limits]\nexchange_s = 2\n"
LONGEST_S = 60
BUSY = f"""
import time
until = time.perf_counter() + {LONGEST_S}
while time.perf_counter() < until: pass
"""
BURSTS = f"""
import random, time
until = time.perf_counter() + {LONGEST_S}
while time.perf_counter() < until:
    time.sleep(random.uniform(0.5, 1.5))
    end = time.perf_counter() + random.uniform(0.2, 0.6)
    while time.perf_counter() < end: pass
"""
STARVED = ("a busy loop", "bursts of a busy loop", "a rate beyond its limit")


@dataclass(frozen=True)
class Bench:
    """The two servers, and what the generator can do at most."""

    quick: Target
    stalling: Target
    most_per_s: float
    seconds: int
    chance: random.Random

    def void(self, kind: str) -> str | None:
        """Make one run of a kind; return why it is void, None if it is sound."""
        if kind == "stalling server":
            return self._open(self.stalling, STALLING_PER_S)
        if kind == STARVED[2]:
            return self._open(self.quick, self.most_per_s * self.chance.uniform(2, 4))
        script = {STARVED[0]: BUSY, STARVED[1]: BURSTS}.get(kind)
        with contextlib.nullcontext() if script is None else competing(script):
            return self._open(self.quick, QUIET_PER_S)

    def _open(self, target: Target, rate: float) -> str | None:
        options = ("--rate", f"{rate:.0f}/s", "--duration", f"{self.seconds}s")
        document = loaded(target.profile, target.folder, *options)
        void: str | None = document["void"]
        return void


@contextlib.contextmanager
def competing(script: str) -> Iterator[None]:
    """Let something else run on the generator's processor; it ends by itself at the latest."""
    command = on_core(GENERATOR_CORE, [sys.executable, "-c", script])
    with subprocess.Popen(command) as other:
        try:
            yield
        finally:
            other.kill()


def most(target: Target) -> float:
    """Return how many requests a second the generator sends to a quick server in a closed loop."""
    options = ("--users", "32", "--duration", f"{CLOSED_S}s")
    document = loaded(target.profile, target.folder, *options)
    return float(document["rate"]["achieved_per_s"])


def main() -> None:
    """Make all runs in an order of chance, and print how many of each kind were void."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starved", type=int, default=20)
    parser.add_argument("--sound", type=int, default=20)
    parser.add_argument("--stalling", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=6, help="how long each run is")
    parser.add_argument("--seed", type=int, default=None, help="of the order of the runs")
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 -- an order, not a secret
    kinds = [STARVED[number % len(STARVED)] for number in range(options.starved)]
    kinds += ["quiet"] * options.sound + ["stalling server"] * options.stalling
    chance.shuffle(kinds)
    stalling = partial(scripted, "stalling.py", PERIOD_S, STALL_S)
    runs: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with nginx(more=PATIENCE) as quick, stalling() as slow:
        bench = Bench(quick, slow, most(quick), options.seconds, chance)
        say(f"in a closed loop it sends {bench.most_per_s:,.0f}/s")
        for kind in kinds:
            why = bench.void(kind)
            runs[kind] += 1
            found[kind] += why is not None
            say(f"{kind}: {'sound' if why is None else why.partition(';')[0]}")
    for name, members in {
        "starved": STARVED,
        "not starved": ("quiet", "stalling server"),
        **{kind: (kind,) for kind in sorted(runs)},
    }.items():
        tell(name, sum(found[one] for one in members), sum(runs[one] for one in members))


def tell(name: str, count: int, total: int) -> None:
    """Print a count with the interval of its rate."""
    low, high = interval(count, total)
    say(f"{name:<26}{count:>3} of {total:>3} void (95 %: {low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
