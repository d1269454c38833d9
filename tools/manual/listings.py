"""Lists as pages: the experiments, the mutants, the shipped profiles, what is not tested."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from idprobe.content import content
from idprobe.judge.anchors import Standing
from idprobe.judge.collect import Check
from idprobe.model.catalogue import Catalogue
from idprobe.probes import Probe, all_probes
from tools.traceability.counting import Coverage
from tools.traceability.pages import reference_to
from tools.traceability.tables import code, escaped, table

__all__ = ["mutant_page", "probe_page", "profile_page", "remark_of", "untested_page"]

_PROBES: Final = """\
# Probes

Each is one experiment; the checks that read its trace are in the last column.
`idprobe list probes` prints the names.
"""
_MUTANTS: Final = """\
# Mutants

Each is the reference server with one fault.
The checks of the requirements beside it have to fire, and no others.
`idprobe serve --mutant NAME` runs one.
"""
_PROFILES: Final = """\
# Shipped profiles

## Servers that we run

`idprobe audit NAME` audits one.
All but the embedded ones need their server running (`fixtures/servers/`).
"""
_GALLERY: Final = """\
## Starting points for hosted providers

Written from the public documentation of each provider, and **not run by us**:
none of it is a statement about how a provider behaves.
Each file says in comments what to set up there and which quirks its documentation tells of.
Copy one, fill it in, and let `idprobe doctor` say what does not fit.
"""
_UNTESTED: Final = """\
# What no check judges

Of the requirements in scope, with the reason for each.
What no black box can see at all is marked so on the [page of its document](requirements/index.md).
"""


def probe_page(checks: Iterable[Check]) -> str:
    """Return the page of all experiments."""
    reading = Counter(name for check in checks for name in check.probes)
    rows = (_of_probe(one, reading[one.name]) for one in all_probes().values())
    head = ("probe", "what it does", "client", "safety", "depth", "checks")
    return f"{_PROBES}\n{table(head, rows)}"


def _of_probe(one: Probe, checks: int) -> tuple[str, ...]:
    clients = [*([one.role] if one.role else []), *one.others]
    return (
        code(one.name),
        escaped(one.summary),
        ", ".join(map(str, clients)) or "none",
        one.safety.name.lower(),
        one.depth.name.lower(),
        str(checks),
    )


def mutant_page(broken: Mapping[str, Sequence[str]], catalogue: Catalogue) -> str:
    """Return the page of all mutants and what each breaks."""
    rows = (
        (code(name), "<br>".join(_link(one, catalogue) for one in found))
        for name, found in broken.items()
    )
    return f"{_MUTANTS}\n{table(('mutant', 'breaks'), rows)}"


def _link(identifier: str, catalogue: Catalogue) -> str:
    return f"[{identifier}](requirements/{reference_to(catalogue[identifier])})"


def profile_page() -> str:
    """Return the page of what is in fixtures/providers and fixtures/gallery."""
    parts = [_PROFILES, _table_of("providers"), _GALLERY, _table_of("gallery")]
    return "\n".join(parts)


def _table_of(folder: str) -> str:
    paths = sorted(content("fixtures", folder).glob("*.toml"))
    rows = ((code(path.stem), escaped(remark_of(path))) for path in paths)
    return table(("file", "what it says of itself"), rows)


def remark_of(path: Path) -> str:
    """Return the first paragraph of the comment at the head of a profile, as one line."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") or line == "#":
            break
        lines += [] if line.startswith("#:") else [line.lstrip("# ")]
    return " ".join(lines)


def untested_page(coverage: Coverage) -> str:
    """Return the page of what is in scope and has no check, with reasons."""
    return "\n".join([_UNTESTED, table(("requirement", "because"), _left(coverage))])


def _left(coverage: Coverage) -> Iterator[tuple[str, str]]:
    for one in coverage.catalogue:
        if coverage.standing(one) in {Standing.REASONED, Standing.OPEN}:
            because = coverage.because(one) or "no check judges it yet"
            yield f"{_link(one.id, coverage.catalogue)}<br>{escaped(one.summary)}", escaped(because)
