"""Count what a run of mutmut found, and hold every change that no test noticed to a reason.

    python -m tests.mutation.survivors [--write PAGE]

Exits with 1 if a survivor has no reason in equivalent.toml, if a reason has no survivor, if a
mutant came to no proper end, or if more survived than may.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.variants.compare import interval

HERE: Final = Path(__file__).parent
HEAD: Final = HERE / "page.head.md"
JUDGES: Final = ("judge.", "model.verdict", "checks", "reading.")
"""The modules that judge; the others are the gate's, and what surrounds it."""
KILLED: Final = frozenset({"killed", "timeout"})
SURVIVED: Final = frozenset({"survived", "no tests"})
MAY_SURVIVE: Final = 0.05
LINE: Final = re.compile(
    r"^\s*(?P<name>idprobe\.(?P<module>\S+)\.\w+): (?P<end>[a-z ]+)$", re.MULTILINE
)
FUNCTION: Final = re.compile(
    "x(?:_|\N{LATIN LETTER LATERAL CLICK}(?P<owner>.+)\N{LATIN LETTER LATERAL CLICK})"
    r"(?P<name>.+)__mutmut_\d+"
)


@dataclass(frozen=True)
class Mutant:
    """One change of our code, and what became of it; `change` is told of survivors alone."""

    module: str
    function: str
    end: str
    change: str = ""


@dataclass(frozen=True)
class Equivalent:
    """A change that no test can notice, and why."""

    function: str
    change: str
    because: str


def mutmut(*arguments: str) -> str:
    """Return what mutmut prints."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def found() -> Iterator[Mutant]:
    """Yield every mutant of the run."""
    for line in LINE.finditer(mutmut("results", "--all", "true")):
        match = FUNCTION.fullmatch(line["name"].rpartition(".")[2])
        if match is None:
            raise ValueError(f"{line['name']} is no mutant's name")
        owner = f"{match['owner']}." if match["owner"] else ""
        change = "" if line["end"] in KILLED else changed(mutmut("show", line["name"]))
        yield Mutant(
            line["module"], f"{line['module']}.{owner}{match['name']}", line["end"], change
        )


def changed(diff: str) -> str:
    """Return the lines that a change took away and put in their place, without indentation."""
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?![-+])", line)]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def reasons() -> list[Equivalent]:
    """Return the changes that are known to change nothing."""
    document = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    return [
        Equivalent(one["function"], one["change"].strip(), one["because"])
        for one in document["equivalent"]
    ]


def flaws(mutants: Sequence[Mutant], known: Sequence[Equivalent]) -> Iterator[str]:
    """Yield what is wrong with a run."""
    survivors = [one for one in mutants if one.end in SURVIVED]
    explained = {(one.function, one.change) for one in known}
    for one in survivors:
        if (one.function, one.change) not in explained:
            yield f"no test notices this in {one.function} ({one.end}):\n{one.change}"
    for function, change in explained - {(one.function, one.change) for one in survivors}:
        yield f"equivalent.toml explains what did not survive in {function}:\n{change}"
    for one in mutants:
        if one.end not in KILLED | SURVIVED:
            yield f"a mutant of {one.function} ended as {one.end}:\n{one.change}"
    for name, part in groups(mutants):
        rate = sum(one.end in SURVIVED for one in part) / len(part)
        if rate > MAY_SURVIVE:
            yield f"of {name}, {rate:.1%} survived: more than {MAY_SURVIVE:.0%}"


def groups(mutants: Sequence[Mutant]) -> Iterator[tuple[str, list[Mutant]]]:
    """Yield the mutants of the modules that judge, and those of the rest, each with its name."""
    yield "what judges", [one for one in mutants if one.module.startswith(JUDGES)]
    yield "what surrounds it", [one for one in mutants if not one.module.startswith(JUDGES)]


def row(name: str, mutants: Sequence[Mutant]) -> str:
    """Return the row of a table: how many came to which end, and the rate that survived."""
    survived = sum(one.end in SURVIVED for one in mutants)
    killed = sum(one.end in KILLED for one in mutants)
    endless = sum(one.end == "timeout" for one in mutants)
    low, high = interval(survived, len(mutants))
    rate = f"{survived / len(mutants):.1%} ({low:.1%} to {high:.1%})"
    return f"| {name} | {len(mutants)} | {killed} | {endless} | {survived} | {rate} |"


def page(mutants: Sequence[Mutant], known: Sequence[Equivalent]) -> str:
    """Return the page of the documentation."""
    rows: list[str] = []
    for name, part in groups(mutants):
        modules = sorted({one.module for one in part})
        rows += [row(f"`{m}`", [one for one in part if one.module == m]) for m in modules]
        rows.append(row(f"**{name}, in all**", part))
    head = HEAD.read_text(encoding="utf-8").rstrip().format(rows="\n".join(rows))
    counted = [(one, sum(_is(one, mutant) for mutant in mutants)) for one in known]
    told = [
        f"| `{one.function}` | {number} | {_code(one.change)} | {one.because} |"
        for one, number in counted
    ]
    return "\n".join([head, *told, ""])


def _is(one: Equivalent, mutant: Mutant) -> bool:
    return (one.function, one.change) == (mutant.function, mutant.change)


def _code(change: str) -> str:
    return "<br>".join(f"`{line.replace('|', chr(92) + '|')}`" for line in change.splitlines())


def main() -> int:
    """Say what survived, write the page if asked; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    mutants, known = list(found()), reasons()
    wrong = list(flaws(mutants, known))
    for name, part in groups(mutants):
        print(row(name, part))
    print("\n\n".join(wrong))
    if chosen.write is not None and not wrong:
        chosen.write.write_text(page(mutants, known), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
