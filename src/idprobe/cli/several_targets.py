"""Several targets at once: a process and a folder for each, a few at a time, one comparison."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from idprobe.cli.compare import comparison_of
from idprobe.errors import UsageError
from idprobe.evidence.outputs import LATEST, claim, leads_to
from idprobe.report.comparison import COMPARISON_FILES, write_comparison
from idprobe.setup.targets import resolve

__all__ = ["audit_several"]

_ORDER: Final = (130, 2, 4, 3, 1, 5, 0)
_OURS: Final = frozenset({"output", "jobs", "as_json", "targets"})
FEWEST: Final = 2
INTERRUPT: Final = getattr(signal, "CTRL_C_EVENT", signal.SIGINT)


@dataclass(slots=True)
class _Child:
    """The audit of one target; `code` is None until it has ended."""

    name: str
    target: str
    out: Path
    process: subprocess.Popen[str] | None = None
    said: str = ""
    code: int | None = field(default=None)

    def run(self, options: Sequence[str]) -> None:
        """Run the audit and wait for its end; what it prints is kept."""
        words = ["audit", *options, "--output", str(self.out), "--", self.target]
        self.process = subprocess.Popen(  # noqa: S603 -- our own command line
            [sys.executable, "-m", "idprobe", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said, _ = self.process.communicate()
        self.code = self.process.returncode


def audit_several(targets: Sequence[str], out: Path, jobs: int, *, overwrite: bool) -> int:
    """Audit each target below a folder, compare what came out; return the gravest exit code."""
    options = _options_of(click.get_current_context())
    children = _children(targets, out)
    ours = claim(out, COMPARISON_FILES, overwrite=overwrite)
    try:
        return _audited(children, options, jobs, out)
    finally:
        ours.release()


def _audited(children: Sequence["_Child"], options: Sequence[str], jobs: int, out: Path) -> int:
    pool = ThreadPoolExecutor(jobs)
    futures = [pool.submit(child.run, options) for child in children]
    try:
        for child, future in zip(children, futures, strict=True):
            future.result()
            click.echo(f"=== {child.name} ===\n{child.said.rstrip()}\n")
    except KeyboardInterrupt:
        _stop(children)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if leads_to(out / LATEST) in {child.out.name for child in children}:
        (out / LATEST).unlink(missing_ok=True)  # each child believes to be the latest
    for child in children:
        click.echo(f"{child.name}: exit {child.code}, {child.out}")
    _compare(children, out)
    codes = [child.code for child in children]
    return next((code for code in _ORDER if code in codes), 4)


def _children(targets: Sequence[str], out: Path) -> list[_Child]:
    """Return an audit for each target, its folder named for its profile; each is read first."""
    found: list[_Child] = []
    for target in targets:
        profile = resolve(target)
        if profile.login.driver == "manual":
            raise UsageError(f"{target} wants a person at its login: audit it by itself")
        same = sum(child.name.partition("~")[0] == profile.name for child in found)
        name = f"{profile.name}~{same + 1}" if same else profile.name
        found.append(_Child(name, target, out / name))
    return found


def _options_of(context: click.Context) -> list[str]:
    """Return the options of the call as words, those of its own left out."""
    words: list[str] = []
    for param in context.command.params:
        given = context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if isinstance(param, click.Option) and given and param.name not in _OURS:
            value = context.params[param.name or ""]
            if param.is_flag:
                words.append(param.opts[0])
            for one in value if param.multiple else [] if param.is_flag else [value]:
                words += [param.opts[0], str(one)]
    return words


def _stop(children: Sequence[_Child]) -> None:
    """Pass the interrupt on: each child judges what it saw, and says so in its folder."""
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.send_signal(INTERRUPT)


def _compare(children: Sequence[_Child], out: Path) -> None:
    folders = [child.out for child in children if (child.out / "results.json").is_file()]
    if len(folders) >= FEWEST:
        write_comparison(comparison_of(folders, out), out)
        click.echo(f"comparison: {out / 'compare.html'}")
