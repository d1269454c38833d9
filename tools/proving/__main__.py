"""`python -m tools.proving`: put the mutants to the test and write the kill matrix."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from idprobe.judge.collect import all_checks
from idprobe_reference.mutants import MUTANTS
from tools.proving.choosing import Chooser
from tools.proving.matrix import AIMED, EVERYTHING, Matrix, faults_of
from tools.proving.running import all_tried
from tools.proving.trial import Trial
from tools.proving.unkilled import load_unkilled, misfits
from tools.traceability.figures import coverage_of_the_suite
from tools.traceability.wanted import grown, load_wanted

SEED: Final = 7009
FAILED: Final = 1


@click.command()
@click.option("--all", "everything", is_flag=True, help="Run all that could tell a mutant apart.")
@click.option("--seed", default=SEED, show_default=True, help="What the samples are drawn with.")
@click.option("--sample", default=6, show_default=True, help="How many of the rest are run too.")
@click.option("--processes", type=int, help="How many at once; by default three for each core.")
@click.option("-k", "words", default="", help="Only the mutants whose names hold this.")
@click.option("--faulty", is_flag=True, help="Only what the last run, as --json has it, blames.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), required=True)
@click.option("--page", type=click.Path(path_type=Path), help="Where the page of the docs is.")
@click.option("--wanted", type=click.Path(path_type=Path), help="Let the list of mutants grow.")
def prove(  # noqa: PLR0913 -- an option each
    *,
    everything: bool,
    seed: int,
    sample: int,
    processes: int | None,
    words: str,
    faulty: bool,
    json_file: Path,
    page: Path | None,
    wanted: Path | None,
) -> None:
    """Run each mutant of the reference server and say which checks see it."""
    begun = time.perf_counter()
    if wanted is not None:
        wanted.write_text(grown(coverage_of_the_suite(), load_wanted()), encoding="utf-8")
    names = {check.name for check in all_checks()}
    chooser = Chooser.watching(seed, sample, watches=everything)
    choose = chooser.all if everything else chooser.few
    mode = EVERYTHING if everything else AIMED
    kept = list(_kept(json_file, (mode, seed, sample))) if faulty else []
    left = {name for name in MUTANTS if words in name} - {one.mutant for one in kept}
    plan = {name: sorted(choose(MUTANTS[name])) for name in sorted(left)}
    click.echo(
        f"{len(plan)} mutants, {sum(map(len, plan.values()))} runs of probes, seed {seed}, "
        f"a sample of {sample} each"
    )
    trials, faults = kept, list[str]()
    for number, trial in enumerate(all_tried(plan, processes, chooser.reaches, sample), start=1):
        trials.append(trial)
        faults += _told(faults_of(trial, mode))
        if number % 100 == 0:
            click.echo(f"{number} mutants tried, {time.perf_counter() - begun:.0f} s")
    matrix = Matrix(mode, seed, sample, tuple(sorted(trials, key=lambda one: one.mutant)))
    matrix.write(json_file, page)
    if not words:
        faults += _told(misfits(names, matrix.woken, load_unkilled()))
    killed, strays = sum(one.killed for one in trials), sum(bool(one.undeclared) for one in trials)
    click.echo(
        f"{killed} of {len(trials)} mutants killed; {strays} woke something undeclared; "
        f"{len(matrix.woken)} of {len(names)} checks woken; "
        f"{time.perf_counter() - begun:.0f} s"
    )
    if faults:
        raise SystemExit(FAILED)


def _told(lines: Iterable[str]) -> list[str]:
    told = list(lines)
    click.echo("\n".join(told), nl=bool(told))
    return told


def _kept(json_file: Path, asked: tuple[str, int, int]) -> Iterator[Trial]:
    if not json_file.is_file():
        raise click.UsageError(f"--faulty needs the run before: there is no {json_file}")
    last = Matrix.from_json(json_file.read_text(encoding="utf-8"))
    if (last.mode, last.seed, last.sample) != asked:
        raise click.UsageError(f"--faulty needs the run before to have been like this: {json_file}")
    return last.sound()


if __name__ == "__main__":
    prove()
