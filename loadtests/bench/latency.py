"""Latencies of an open run beside the analytic answer, for servers of known behaviour."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import httpx
from loadtests.bench.rig import (
    GENERATOR_CORE,
    HERE,
    Target,
    loaded,
    on_core,
    run,
    say,
    scripted,
    wrk,
)
from loadtests.bench.theory import nearest_rank, quantile, sojourns

from idprobe.load.schedule.ramp import Step
from idprobe.load.schedule.schedule import Arrivals, Spacing

STALLING_MS = 5.0
PERIOD_S, STALL_S = 10.0, 1.0
USERS = 16
WARM_UP_S = 1.0
MEDIAN_OF = {95: 5, 99: 3}
"""So many runs with Poisson arrivals decide about each percentile."""

Percentiles = Mapping[int, float]
Servers = tuple["Server", "Server"]


@dataclass(frozen=True)
class Server:
    """A server, how often and how long it is asked, and what is true of it, in ms.

    `more` are further options of `idprobe load`.
    """

    name: str
    run: Callable[[], AbstractContextManager[Target]]
    rate: int
    seconds: int
    truth: Callable[[Spacing, int], float]
    """By kind of arrivals and percent."""
    of_schedule: Callable[[Arrivals], Percentiles] | None = None
    """What is true of one schedule, where that can be told."""
    more: tuple[str, ...] = ()


def stalling_ms(spacing: Spacing, percent: int) -> float:
    """Return the percentile over whole periods: arrivals in a stall wait for what is left of it."""
    del spacing
    beyond = percent / 100 - (1 - STALL_S / PERIOD_S)
    return STALLING_MS + max(0.0, beyond) * PERIOD_S * 1000


def single_ms(rate: int, service_ms: float, spacing: Spacing, percent: int) -> float:
    """Return the percentile of a single queue: nobody waits where arrivals are even."""
    if spacing is Spacing.CONSTANT:
        return service_ms
    return quantile(percent, rate / 1000, service_ms)


def single_of(service_ms: float, arrivals: Arrivals) -> Percentiles:
    """Return the percentiles of exactly these arrivals at a single queue."""
    offsets = [at / 1e6 for at in arrivals.offsets_ns()]
    times = [
        took
        for at, took in zip(offsets, sojourns(offsets, service_ms), strict=True)
        if at >= WARM_UP_S * 1000
    ]
    return percentiles(times)


def servers(stalling_rate: int, single_rate: int, service_ms: float, periods: float) -> Servers:
    """Return the servers: the second is asked for longer, since it is asked less."""
    stalling = partial(scripted, "stalling.py", str(PERIOD_S), str(STALL_S))
    single = partial(scripted, "single.py", str(service_ms))
    seconds = round(periods * PERIOD_S)
    return (
        Server("a stall now and then", stalling, stalling_rate, seconds, stalling_ms),
        Server(
            f"one queue, {service_ms:g} ms for each",
            single,
            single_rate,
            2 * seconds,
            partial(single_ms, single_rate, service_ms),
            partial(single_of, service_ms),
        ),
    )


def idprobe(
    target: Target, server: Server, spacing: Spacing, seed: int = 0
) -> tuple[Percentiles, str, Percentiles]:
    """Return what idprobe found, what it says of the run, and what was true of its schedule."""
    options = [
        "--rate",
        f"{server.rate}/s",
        "--duration",
        f"{server.seconds}s",
        "--seed",
        str(seed),
    ]
    options += ["--arrivals", spacing.value, "--warm-up", f"{WARM_UP_S:g}s"]
    document = loaded(target.profile, target.folder, *options, *server.more)
    done, kinds = document["iterations"], document["errors"]["kinds"]
    steps = tuple(Step(server.rate, server.rate, length) for length in (WARM_UP_S, server.seconds))
    arrivals = Arrivals(steps, spacing, seed)
    planned = sum(at >= WARM_UP_S * 1e9 for at in arrivals.offsets_ns())
    unsent = sum(count for kind, count in kinds.items() if kind.startswith("never sent"))
    sent = (
        f"{(done['scheduled'] - unsent) / planned:.1%} of {planned} sent, "
        f"{done['failed']} failed, {document['void'] or 'sound'}"
    )
    found = {percent: document["latency"][f"p{percent}"] for percent in MEDIAN_OF}
    return found, sent, server.of_schedule(arrivals) if server.of_schedule else found


def locust(target: Target, rate: int, seconds: int) -> tuple[Percentiles, str]:
    """Return percentiles in ms as stock Locust's users saw them."""
    file = str(HERE / "peers" / "paced_user.py")
    users = ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"]
    command = [sys.executable, "-m", "locust", "-f", file, "--headless", "--json"]
    said = subprocess.run(
        on_core(GENERATOR_CORE, [*command, "--host", target.origin, *users]),
        env={**os.environ, "RATE": str(rate), "USERS": str(USERS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    times = json.loads(said.stdout)[0]["response_times"]
    values = [float(ms) for ms, count in times.items() for _ in range(count)]
    return percentiles(values), f"{len(values) / rate / seconds:.1%} of {rate * seconds} sent"


def bare(target: Target, server: Server) -> Percentiles:
    """Return percentiles in ms as a loop has them that does nothing else."""
    options = [target.origin, str(server.rate), str(server.seconds)]
    said = run([sys.executable, str(HERE / "bare.py"), *options], target.folder)
    times: list[float] = json.loads(said)
    return percentiles(times)


def percentiles(times: Sequence[float]) -> Percentiles:
    """Return the percentiles that are compared."""
    return {percent: nearest_rank(percent, times) for percent in MEDIAN_OF}


def compare(server: Server) -> None:
    """Run all generators against a server, and print how far each is from the truth."""
    even, seconds = Spacing.CONSTANT, server.seconds
    say(f"\n{server.name}, {server.rate}/s for {seconds} s")
    with server.run() as target:
        found, sent, _ = idprobe(target, server, even)
        tell("idprobe, constant", found, partial(server.truth, even), sent)
        if server.of_schedule:
            late_us = httpx.get(f"{target.origin}/late", trust_env=False).json()
            shown = ", ".join(f"p{p} {us:,} us" for p, us in percentiles(late_us).items())
            say(f"{'  the server was late by':<26}{shown}")
            tell("a bare loop", bare(target, server), partial(server.truth, even), "")
        drawn_anew(target, server)
        found, sent = locust(target, server.rate, seconds)
        tell(f"Locust, {USERS} users", found, partial(server.truth, even), sent)
        own = wrk(target, seconds, USERS)
        found = {percent: own[f"p{percent}"] for percent in MEDIAN_OF}
        rate = f"{own['requests'] / seconds:,.0f}/s, as fast as it was answered"
        tell(f"wrk, {USERS} connections", found, partial(server.truth, even), rate)
    for spacing in Spacing:
        shown = ", ".join(f"p{one} {server.truth(spacing, one):.1f} ms" for one in MEDIAN_OF)
        say(f"{f'truth, {spacing.value}':<26}{shown}")


def drawn_anew(target: Target, server: Server) -> None:
    """Make the runs with Poisson arrivals, and print them, their medians, and their own truth."""
    drawn = Spacing.POISSON
    runs = [idprobe(target, server, drawn, seed) for seed in range(max(MEDIAN_OF.values()))]
    for found, sent, _ in runs:
        tell("idprobe, Poisson", found, partial(server.truth, drawn), sent)
    middle = {p: statistics.median(run[0][p] for run in runs[:n]) for p, n in MEDIAN_OF.items()}
    tell("  median of 5 and 3", middle, partial(server.truth, drawn), "")
    if server.of_schedule:
        shown = ", ".join(
            f"p{p} {statistics.median(one[p] / true[p] for one, _, true in runs[:n]) - 1:+.1%}"
            for p, n in MEDIAN_OF.items()
        )
        say(f"{'  of their schedules':<26}{shown}")


def tell(name: str, found: Percentiles, truth: Callable[[int], float], sent: str) -> None:
    """Print percentiles, how far they are from the truth, and what was sent."""
    shown = ", ".join(
        f"p{percent} {value:.1f} ms ({value / truth(percent) - 1:+.1%})"
        for percent, value in found.items()
    )
    say(f"{name:<26}{shown}{'; ' if sent else ''}{sent}")


def main() -> None:
    """Compare at each server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=300, help="at the server that stalls")
    parser.add_argument("--single-rate", type=int, default=12, help="at the single queue")
    parser.add_argument("--service-ms", type=float, default=50.0, help="of the single queue")
    parser.add_argument("--periods", type=float, default=3)
    parser.add_argument("--only", type=int, choices=(0, 1), nargs="*", default=(0, 1))
    parser.add_argument("--spin", action="store_true", help="let idprobe never sleep")
    options = parser.parse_args()
    all_servers = servers(options.rate, options.single_rate, options.service_ms, options.periods)
    for number in options.only:
        more = ("--spin",) if options.spin else ()
        compare(replace(all_servers[number], more=more))


if __name__ == "__main__":
    main()
