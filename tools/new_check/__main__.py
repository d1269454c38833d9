"""`python -m tools.new_check ID`: write the stubs of a check that does not exist yet."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from idprobe.content import content
from idprobe.formats.schemas import nearest
from idprobe.judge.collect import all_checks
from idprobe.model.catalogue import load_catalogue
from idprobe.probes import all_probes
from tools.new_check.names import FILL_IN, Name, Refused
from tools.new_check.places import Stub, catalogue_stub, check_stub, mutant_stub, probe_stub

REFUSED: Final = 2
FIRST_PROBE: Final = "metadata_documents"
"""What a check reads while its author has not said otherwise."""
NEXT: Final = ("pytest", "-q", "tests/test_new_check.py", "tests/test_catalogue.py")


@click.command(name="new_check")
@click.argument("identifier", metavar="ID")
@click.option("--section", metavar="N", help="The section in the name of the check's file.")
@click.option("--probe", "probes", multiple=True, metavar="NAME", help="A probe that it reads.")
@click.option("--new-probe", metavar="TOPIC/NAME", help="A probe to be written, which it reads.")
def new_check(
    *, identifier: str, section: str | None, probes: tuple[str, ...], new_probe: str | None
) -> None:
    """Write the stubs of a check: its catalogue entry, the check, a mutant, perhaps a probe.

    \b
    python -m tools.new_check RFC9111-1.2.2/max-age-delta-seconds --probe keys_document
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    root = content("fixtures").parent
    try:
        stubs = list(stubs_of(identifier, section, probes, new_probe, root))
    except Refused as refusal:
        click.echo(f"new_check: {refusal}", err=True)
        raise SystemExit(REFUSED) from None
    for stub in stubs:
        stub.write()
    for stub in stubs:
        how = "wrote" if stub.is_new else "added to"
        click.echo(f"{how} {stub.path.relative_to(root).as_posix()}: {stub.asks}")
    click.echo(f'Replace what says "{FILL_IN}", then run: {shlex.join(NEXT)}')


def stubs_of(
    identifier: str,
    section: str | None,
    probes: tuple[str, ...],
    new_probe: str | None,
    root: Path,
) -> Iterator[Stub]:
    """Yield what is to be written, and write nothing; raises Refused."""
    name = Name.parse(identifier)
    if name.id in load_catalogue():
        _check_that_nothing_judges(name)
    for probe in probes:
        if probe not in all_probes():
            meant = nearest(probe, all_probes())
            hint = f"did you mean {meant}?" if meant else "`idprobe list probes` lists them"
            raise Refused(f"there is no probe {probe}: {hint}")
    if name.id not in load_catalogue():
        yield catalogue_stub(name, root)
    if new_probe is not None:
        added, stub = probe_stub(new_probe, root)
        probes = (*probes, added)
        yield stub
    yield check_stub(name, section or name.section, probes or (FIRST_PROBE,), root)
    yield mutant_stub(name, root)


def _check_that_nothing_judges(name: Name) -> None:
    catalogue = load_catalogue()
    if catalogue[name.id].testable == "not-observable":
        raise Refused(
            f"the catalogue calls {name.id} not observable: correct its `testable` and `probe` "
            "first, if a black box can see it"
        )
    alike = catalogue.alike(name.id)
    for check in all_checks():
        if alike & set(check.requirements):
            raise Refused(f"{name.id} is judged already, by conformance/{check.name}")


if __name__ == "__main__":
    new_check()
