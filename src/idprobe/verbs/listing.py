"""The verbs `list` and `explain`: what idprobe knows."""

from collections.abc import Sequence

import click

from idprobe.catalogue import Requirement, load_catalogue
from idprobe.content import content
from idprobe.probes import all_probes

__all__ = ["add_list_commands"]


@click.command("list")
@click.argument(
    "what",
    type=click.Choice(["requirements", "probes", "mutants", "profiles"]),
    default="requirements",
)
def list_(what: str) -> int:
    """List requirements, probes, mutants or shipped profiles."""
    if what == "requirements":
        for requirement in load_catalogue().requirements.values():
            click.echo(f"{requirement.id}  {requirement.level.value}  {requirement.summary}")
    elif what == "probes":
        for probe in all_probes().values():
            click.echo(f"{probe.name}  {probe.summary}")
    elif what == "mutants":
        from idprobe.reference.mutants import MUTANTS  # noqa: PLC0415 -- a whole server

        for name, mutant in MUTANTS.items():
            click.echo(f"{name}  breaks {', '.join(mutant.breaks)}")
    else:
        for path in sorted(content("fixtures", "providers").glob("*.toml")):
            click.echo(path.stem)
    return 0


@click.command()
@click.argument("identifier", metavar="ID")
def explain(identifier: str) -> int:
    """Say what a requirement means, how it is tested and where it stands."""
    requirement = load_catalogue()[identifier]
    for name, value in _explained(requirement):
        if value:
            click.echo(f"{name:<9} {value}")
    return 0


def _explained(requirement: Requirement) -> Sequence[tuple[str, str]]:
    return (
        ("id", requirement.id),
        ("level", f"{requirement.level.value} ({requirement.basis}; {requirement.severity})"),
        ("gates", "yes" if requirement.gates else "no, a violation is only reported"),
        ("wants", requirement.summary),
        ("applies", " and ".join(requirement.when) or "always"),
        ("probe", requirement.probe),
        ("protects", requirement.protects),
        ("fix", requirement.fix),
        ("note", requirement.note),
        ("link", requirement.link),
    )


def add_list_commands(commands: click.Group) -> None:
    """Add both verbs to the command line."""
    commands.add_command(list_)
    commands.add_command(explain)
