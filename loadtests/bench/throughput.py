"""How many requests each generator sends for each second of a processor that it uses."""

import argparse
import json
import re
import shutil
import statistics
import sys
from collections.abc import Callable
from functools import partial

from loadtests.bench.rig import BODY, FORM, HERE, Target, loaded, measured, nginx, run, say, spread
from loadtests.bench.rig import wrk as wrk_run

USERS = 32
SHORT_S, LONG_S = 2, 7


def idprobe(target: Target, seconds: int, *, python: str = sys.executable) -> int:
    """Return how many requests idprobe sent, as it is installed for a Python."""
    options = ["--users", str(USERS), "--duration", f"{seconds}s", "--warm-up", "0s"]
    document = loaded(target.profile, target.folder, *options, python=python)
    if document["iterations"]["failed"]:
        raise SystemExit(f"idprobe had failures: {document['errors']}")
    return int(document["requests"])


def locust(name: str) -> Callable[[Target, int], int]:
    """Return a generator of stock Locust's."""

    def generator(target: Target, seconds: int) -> int:
        users = ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"]
        file = str(HERE / "peers" / f"{name}.py")
        options = ["--headless", "--json", "--host", target.origin, *users]
        said = run([sys.executable, "-m", "locust", "-f", file, *options], target.folder)
        return sum(int(one["num_requests"]) for one in json.loads(said))

    return generator


def hey(target: Target, seconds: int) -> int:
    """Return how many requests hey sent."""
    options = ["-z", f"{seconds}s", "-c", str(USERS), "-m", "POST", "-T", FORM, "-d", BODY]
    said = run(["hey", "-cpus", "1", *options, f"{target.origin}/token"], target.folder)
    return sum(int(count) for count in re.findall(r"\[200\]\s+(\d+) responses", said))


def wrk(target: Target, seconds: int) -> int:
    """Return how many requests wrk sent."""
    return int(wrk_run(target, seconds, USERS)["requests"])


GENERATORS: dict[str, Callable[[Target, int], int]] = {
    "idprobe": idprobe,
    "HttpUser": locust("http_user"),
    "FastHttpUser": locust("fast_http_user"),
    "hey": hey,
    "wrk": wrk,
}


def per_cpu_second(generator: Callable[[Target, int], int], target: Target) -> float:
    """Return requests for each CPU second, of the time between a short and a long run."""
    (few, short), (many, long) = (
        measured(partial(generator, target, length)) for length in (SHORT_S, LONG_S)
    )
    return (many - few) / (long - short)


def main() -> None:
    """Compare all generators that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keepalive-requests", type=int, default=100_000_000)
    parser.add_argument("--only", nargs="*", default=list(GENERATORS))
    parser.add_argument("--compiled", metavar="PYTHON", help="whose idprobe is compiled: try both")
    options = parser.parse_args()
    generators = dict(GENERATORS)
    if options.compiled:
        generators["compiled"] = partial(idprobe, python=options.compiled)
        options.only.append("compiled")
    names = [n for n in options.only if n not in {"hey", "wrk"} or shutil.which(n)]
    figures: dict[str, list[float]] = {name: [] for name in names}
    with nginx(options.keepalive_requests, tls=options.tls) as target:
        for _ in range(options.repeat):
            for name in names:
                figures[name].append(per_cpu_second(generators[name], target))
    middle = {name: statistics.median(values) for name, values in figures.items()}
    own = [name for name in ("idprobe", "compiled") if name in middle]
    for name, values in figures.items():
        shares = ", ".join(f"{one} is {middle[one] / middle[name]:.2f} of it" for one in own)
        say(f"{name:<14}{spread(values)}/CPU s; {shares}")


if __name__ == "__main__":
    main()
