"""What --search finds at a single queue with a fixed service time, beside what is true of it."""

import argparse
import statistics
import time
from dataclasses import dataclass, field

from loadtests.bench.rig import loaded, say, scripted
from loadtests.bench.theory import highest_rate

SEEDS = 1_000_000
"""So far apart are the seeds of two searches, whose trials each have their own."""


@dataclass
class Task:
    """A server and an objective, and what the searches came to."""

    service_ms: float
    limit_ms: float
    percent: float = 99
    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def objective(self) -> str:
        """The objective, as it is asked for."""
        return f"p{self.percent:g}<{self.limit_ms:g}ms"

    @property
    def name(self) -> str:
        """What it is about."""
        return f"{self.service_ms:g} ms, {self.objective}"

    @property
    def truth(self) -> float:
        """The highest rate with Poisson arrivals."""
        return highest_rate(self.percent, self.limit_ms, self.service_ms) * 1000

    def search(self, *options: str) -> str:
        """Search once; return what was found, in words."""
        began = time.monotonic()
        with scripted("single.py", str(self.service_ms)) as target:
            wanted = ("--search", "--objective", self.objective, "--arrivals", "poisson")
            found = loaded(target.profile, target.folder, *wanted, *options)
        self.seconds.append(time.monotonic() - began)
        low, high = found["rate_per_s"], found["failed_at_per_s"]
        self.rates.append(low)
        void = sum(one["held"] is None for one in found["trials"])
        above = "unknown" if high is None else f"{high:.1f}/s ({high / self.truth - 1:+.1%})"
        return (
            f"holds at {low:.1f}/s ({low / self.truth - 1:+.1%}), not at {above}; "
            f"{self.seconds[-1]:.0f} s, {len(found['trials'])} trials, {void} void; "
            f"{found['ended']}"
        )

    def summary(self) -> str:
        """Return median and range of what was found."""
        errors = [rate / self.truth - 1 for rate in self.rates]
        return (
            f"truth {self.truth:.1f}/s, found {statistics.median(self.rates):.1f}/s "
            f"({min(self.rates):.1f} to {max(self.rates):.1f}), "
            f"off by {statistics.median(errors):+.1%} ({min(errors):+.1%} to {max(errors):+.1%}), "
            f"{max(self.seconds):.0f} s at most"
        )


def main() -> None:
    """Search for the limit of each server in turn, and print how far from the truth it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--duration", default="20s", help="how long each trial is")
    parser.add_argument("--search-time", default="290s")
    parser.add_argument("--seed", type=int, default=0, help="of the first search")
    parser.add_argument("--only", type=int, choices=(0, 1, 2), nargs="*", default=(0, 1, 2))
    options = parser.parse_args()
    tasks = [Task(2, 20), Task(1, 20), Task(2, 250)]
    chosen = [tasks[number] for number in options.only]
    limits = ("--duration", options.duration, "--search-time", options.search_time)
    for number in range(options.runs):
        for task in chosen:
            seed = (options.seed + number) * SEEDS
            say(f"{task.name}: {task.search(*limits, '--seed', str(seed))}")
    for task in chosen:
        say(f"{task.name}: {task.summary()}")


if __name__ == "__main__":
    main()
