"""How much of a processor the generator needs for each request, by scenario and server."""

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from loadtests.bench.rig import embedded, loaded, measured, say, spread

from idprobe.content import content

SCENARIOS = (
    "client_credentials",
    "refresh_chain",
    "authorization_code_session",
    "authorization_code",
)


def cost_us(
    scenario: str, profile: Path, folder: Path, users: int, seconds: tuple[int, int]
) -> tuple[float, float]:
    """Return the µs of a processor for each request: of all our processes, and of the engine alone.

    Both are of the time between a short and a long run, so that starting up does not count.
    """
    (few, short), (many, long) = (
        measured(partial(_run, scenario, profile, folder, users, length)) for length in seconds
    )
    requests = many["requests"] - few["requests"]
    if requests <= 0:
        raise SystemExit(f"{scenario}: the longer run had no more requests than the shorter")
    engine = _engine_s(many) - _engine_s(few)
    return (long - short) / requests * 1e6, engine / requests * 1e6


def _run(scenario: str, profile: Path, folder: Path, users: int, seconds: int) -> dict[str, Any]:
    options = ("--users", str(users), "--duration", f"{seconds}s", "--warm-up", "0s")
    document = loaded(profile, folder, *options, scenario=scenario)
    if document["iterations"]["failed"]:
        raise SystemExit(f"{scenario} failed: {document['errors']}")
    return document


def _engine_s(document: Mapping[str, Any]) -> float:
    return float(sum(one["cpu"] * one["seconds"] for one in document["windows"]))


def profile_of_embedded(folder: Path, issuer: str) -> Path:
    """Write the profile of the embedded server, as one that runs already."""
    shipped = content("fixtures", "providers", "speakup.toml")
    text = shipped.read_text(encoding="utf-8")
    text = text.replace('embedded = "speakup"', f'issuer = "{issuer}"')
    path = folder / "embedded.toml"
    path.write_text(text.replace('file = "', f'file = "{shipped.parent}/'), encoding="utf-8")
    return path


def main() -> None:
    """Measure all scenarios at all servers by turns, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", type=Path, action="append", default=[], help="of one more")
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--seconds", type=int, nargs=2, default=(2, 12), help="short and long run")
    options = parser.parse_args()
    figures: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        issuer = stack.enter_context(embedded("--as", "speakup"))
        profiles = [profile_of_embedded(folder, issuer), *(p.resolve() for p in options.profile)]
        for _ in range(options.repeat):
            for profile in profiles:
                for scenario in options.scenarios:
                    found = cost_us(
                        scenario, profile, folder, options.users, tuple(options.seconds)
                    )
                    figures.setdefault((profile.stem, scenario), []).append(found)
    for (server, scenario), values in figures.items():
        whole, engine = (spread(one, ".0f") for one in zip(*values, strict=True))
        say(f"{server:<22}{scenario:<28}{whole} µs for each request, the engine alone {engine}")


if __name__ == "__main__":
    main()
