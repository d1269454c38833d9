"""The mutants that are wanted, and which there are: fixtures/mutants/wanted.tsv.

A row is a fault that some check should see: the `probe` of a requirement that could be tested, or a
case of a peer. The list grows with the suite and is never shortened; who kills what is counted anew
from the code each time, and why nobody does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from idprobe.errors import CatalogueError
from idprobe.model.catalogue import Catalogue
from tools.traceability.counting import Coverage

__all__ = [
    "LIST",
    "PROVEN_ELSEWHERE",
    "ROOT",
    "grow_list",
    "grown",
    "killers",
    "load_wanted",
    "mutants_by_requirement",
    "reasons",
    "unproven",
]

ROOT: Final = Path(__file__).parents[2]
LIST: Final = ROOT / "fixtures" / "mutants" / "wanted.tsv"
HEAD: Final = "id\twanted\n"
PROVEN_ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "RFC9110-5.5/cr-lf-nul-in-values",
            "RFC9110-6.6.1/date-present",
            "RFC9110-9.3.2/head-without-content",
            "RFC9112-3.2/host-required",
            "RFC9112-5.1/no-space-before-colon",
            "RFC9112-6.1/length-and-chunked-closes-connection",
            "RFC9112-6.1/unknown-transfer-coding-501",
            "RFC9112-6.3/bad-content-length-400",
        ),
        "tests/hostile/test_framing.py::test_a_fault_of_framing_wakes_its_check_and_no_other",
    ),
    "OIDCR-3/initial-access-token-bearer": (
        "tests/test_initial_access_token.py::test_an_initial_access_token_is_judged"
    ),
    "RFC7009-2.1/propagation-minimised": (
        "tests/lifecycle/test_histories.py::test_a_replica_that_is_behind_is_found"
    ),
    "RFC7591-5/redirect-uri-kinds": (
        "tests/test_plain_oauth.py::test_redirect_uris_of_unsafe_kinds_are_seen_without_openid"
    ),
}
"""What no mutant of the list can get wrong, and which test of ours has a server that does."""


def mutants_by_requirement(
    catalogue: Catalogue, broken: Mapping[str, Iterable[str]]
) -> Mapping[str, Sequence[str]]:
    """Return the mutants of each requirement by its canonical id; `broken` has what each breaks."""
    found: dict[str, list[str]] = {}
    for name, identifiers in broken.items():
        for identifier in sorted({catalogue.canonical(one) for one in identifiers}):
            found.setdefault(identifier, []).append(name)
    return found


def unproven(coverage: Coverage, broken: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the covered requirements, by canonical id, whose checks no mutant wakes."""
    proven = mutants_by_requirement(coverage.catalogue, broken)
    return sorted(coverage.judging.keys() - proven.keys() - PROVEN_ELSEWHERE.keys())


def killers(coverage: Coverage, broken: Mapping[str, Iterable[str]]) -> Mapping[str, Sequence[str]]:
    """Return who kills each row that could be wanted: mutants, or a test of ours."""
    proven = mutants_by_requirement(coverage.catalogue, broken)
    found: dict[str, Sequence[str]] = {}
    for requirement in coverage.catalogue:
        canonical = coverage.catalogue.canonical(requirement.id)
        elsewhere = PROVEN_ELSEWHERE.get(canonical)
        found[requirement.id] = proven.get(canonical, [elsewhere] if elsewhere else [])
    checks = {check.name: check for check in coverage.checks}
    for source, rows in coverage.anchors.items():
        for row in rows:
            judged = [one for name in row.checks for one in checks[name].requirements]
            names = (name for one in judged for name in found.get(one, ()))
            found[f"{source}:{row.id}"] = list(dict.fromkeys(names))
    return found


def reasons(coverage: Coverage) -> Mapping[str, str]:
    """Return why no check sees a fault, by the id of its row; what is covered has no reason."""
    untested = (one for one in coverage.catalogue if not coverage.checks_of(one))
    return {
        **{one.id: coverage.because(one) for one in untested},
        **{
            f"{source}:{row.id}": row.because
            for source, rows in coverage.anchors.items()
            for row in rows
            if not row.checks
        },
    }


def load_wanted(path: Path | None = None) -> Mapping[str, str]:
    """Return the list: the text of each row by its id. Raises CatalogueError for a broken line."""
    path = path or LIST
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], 2):
        identifier, tab, text = line.partition("\t")
        if not tab or identifier in found:
            raise CatalogueError(f"{path}: line {number} is no row, or is there twice")
        found[identifier] = text
    return found


def grown(coverage: Coverage, listed: Mapping[str, str]) -> str:
    """Return the list as its file has it: every row that was there, and what came since."""
    rows = {**dict(_wanted(coverage)), **listed}
    return HEAD + "".join(f"{name}\t{text}\n" for name, text in sorted(rows.items()))


def grow_list(coverage: Coverage) -> int:
    """Add what came since to the list, and return how many rows that is."""
    listed = load_wanted()
    LIST.write_text(grown(coverage, listed), encoding="utf-8")
    return len(load_wanted()) - len(listed)


def _wanted(coverage: Coverage) -> Iterator[tuple[str, str]]:
    for requirement in coverage.catalogue:
        if coverage.standing(requirement) is not None:
            yield requirement.id, _line(requirement.probe or requirement.summary)
    for source, rows in coverage.anchors.items():
        for row in rows:
            yield f"{source}:{row.id}", _line(row.summary)


def _line(text: str) -> str:
    return " ".join(text.split())
