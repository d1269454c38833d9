"""The verb `explain`: what a requirement protects, how it is tested, and what was seen of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from idprobe.formats.sanitise import clipped, sanitise
from idprobe.judge.collect import Check, all_checks
from idprobe.judge.untested import load_untested
from idprobe.model.catalogue import Catalogue, Requirement, load_catalogue
from idprobe.probes import all_probes
from idprobe.report.record import read_results, results_in

__all__ = ["add_explain_command"]

MAX_SAID: Final = 600


def _known(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Return the requirements whose ids begin so, for the completion of a shell."""
    return [one.id for one in load_catalogue() if one.id.startswith(begun)]


@click.command()
@click.argument("identifier", metavar="ID", shell_complete=_known)
@click.option(
    "--results",
    type=click.Path(path_type=Path, exists=True),
    help="Say what was sent and seen, too: a results folder, or its results.json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(identifier: str, results: Path | None, *, as_json: bool) -> int:
    """Say what a requirement protects, how it is tested, what was seen, and how to mend it.

    \b
    idprobe explain RFC6749-5.1/cache-control-no-store
    idprobe explain RFC6749-5.1/cache-control-no-store --results reports/output/latest
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    catalogue = load_catalogue()
    requirement = catalogue[identifier]
    judging = [check for check in all_checks() if _judges(check, requirement, catalogue)]
    seen = [] if results is None else list(_seen(results, requirement, catalogue))
    if as_json:
        click.echo(json.dumps(_document(requirement, judging, seen), indent=2))
        return 0
    click.echo("\n".join(_lines(requirement, catalogue, judging)))
    if results is not None:
        click.echo("\n".join(["", *_story(seen)]))
    return 0


def _judges(check: Check, requirement: Requirement, catalogue: Catalogue) -> bool:
    alike = catalogue.alike(requirement.id)
    return any(one in alike for one in check.requirements)


def _seen(
    results: Path, requirement: Requirement, catalogue: Catalogue
) -> Iterator[Mapping[str, Any]]:
    """Yield the judgements that a record has of the requirement, or of what says the same."""
    alike = catalogue.alike(requirement.id)
    for judgement in read_results(results_in(results))["judgements"]:
        if judgement["requirement"] in alike:
            yield judgement


def _lines(
    requirement: Requirement, catalogue: Catalogue, judging: Sequence[Check]
) -> Iterator[str]:
    alike = sorted(catalogue.alike(requirement.id) - {requirement.id})
    facts = {
        "id": requirement.id,
        "level": f"{requirement.level.value} ({requirement.basis}; {requirement.severity})",
        "gates": "yes" if requirement.gates else "no, a violation is only reported",
        "wants": requirement.summary,
        "applies": " and ".join(requirement.when) or "always",
        "at stake": requirement.protects,
        "proof": requirement.probe,
        "fix": requirement.fix or f"make it so: {requirement.summary}",
        "note": requirement.note,
        "as well": ", ".join(alike),
        "link": requirement.link,
    }
    yield from (f"{name:<9} {value}" for name, value in facts.items() if value)
    yield ""
    yield "how it is tested:"
    yield from _how(requirement, judging)


def _how(requirement: Requirement, judging: Sequence[Check]) -> Iterator[str]:
    for check in judging:
        yield f"  {check.name}"
        yield f"    {check.claim}"
        yield from (f"    {name}: {all_probes()[name].summary}" for name in check.probes)
    if not judging:
        reasons = [one.because.get(requirement.id) for one in load_untested().values()]
        because = next((one for one in reasons if one), "")
        yield f"  not at all: {because or 'no check judges it'}"


def _story(seen: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "what was seen:" if seen else "that run did not judge it"
    for judgement in seen:
        yield f"  {judgement['verdict'].replace('_', ' ')}  {judgement['check']}"
        for name in ("because", "sent", "saw", "exchange", "curl", "replay"):
            if judgement.get(name):
                yield f"    {name:<9}{clipped(sanitise(judgement[name]), MAX_SAID)}"
        if judgement["deviation"] is not None:
            yield f"    declared {sanitise(judgement['deviation']['because'])}"


def _document(
    requirement: Requirement, judging: Sequence[Check], seen: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "id": requirement.id,
        "level": str(requirement.level),
        "basis": requirement.basis,
        "gates": requirement.gates,
        "severity": requirement.severity,
        "wants": requirement.summary,
        "when": list(requirement.when),
        "protects": requirement.protects,
        "fix": requirement.fix,
        "note": requirement.note,
        "link": requirement.link,
        "checks": [
            {"check": one.name, "claim": one.claim, "probes": one.probes} for one in judging
        ],
        "seen": list(seen),
    }


def add_explain_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(explain)
