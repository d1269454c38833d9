"""The verb `list`: what idprobe knows."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import click

from idprobe.content import content
from idprobe.judge.plans import PLANS, modules_of, requirements_selected
from idprobe.model.catalogue import load_catalogue
from idprobe.probes import all_probes
from idprobe.report.words import plural
from idprobe.setup.embedded import mutants

__all__ = ["add_list_commands"]


@click.command("list")
@click.argument(
    "what",
    type=click.Choice(["requirements", "probes", "mutants", "profiles", "gallery", "plans"]),
    default="requirements",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_(what: str, *, as_json: bool) -> int:
    """List requirements, probes, mutants, shipped profiles, plans of certification, or the gallery.

    The gallery has starting points for hosted providers, which we did not run.

    \b
    idprobe list probes
    idprobe list requirements --json
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    entries = list(_KINDS[what]())
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    else:
        click.echo("\n".join("  ".join(entry.values()) for entry in entries))
    return 0


def _requirements() -> Iterator[dict[str, str]]:
    for one in load_catalogue():
        yield {"id": one.id, "level": str(one.level), "summary": one.summary}


def _probes() -> Iterator[dict[str, str]]:
    for probe in all_probes().values():
        yield {"name": probe.name, "summary": probe.summary}


def _mutants() -> Iterator[dict[str, str]]:
    for mutant in mutants():
        yield {"name": mutant["name"], "breaks": f"breaks {', '.join(mutant['breaks'])}"}


def _profiles() -> Iterator[dict[str, str]]:
    for path in sorted(content("fixtures", "providers").glob("*.toml")):
        yield {"name": path.stem}


def _gallery() -> Iterator[dict[str, str]]:
    for path in sorted(content("fixtures", "gallery").glob("*.toml")):
        yield {"name": path.stem, "file": str(path)}


def _plans() -> Iterator[dict[str, str]]:
    catalogue = load_catalogue()
    for plan in PLANS:
        requirements = len(requirements_selected(catalogue, [plan]))
        modules = plural(len(modules_of(plan)), "module")
        yield {"name": plan, "has": f"{modules}, {plural(requirements, 'requirement')}"}


_KINDS: Final[Mapping[str, Callable[[], Iterator[dict[str, str]]]]] = {
    "requirements": _requirements,
    "probes": _probes,
    "mutants": _mutants,
    "profiles": _profiles,
    "gallery": _gallery,
    "plans": _plans,
}


def add_list_commands(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(list_)
