"""How a mutant says what it breaks, and how it is found by name."""

import csv
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, TypeVar

from idprobe.errors import HarnessError, UsageError
from idprobe_reference.names import kebab_case
from idprobe_reference.server import ReferenceServer

__all__ = ["CONSEQUENCES", "MUTANTS", "Medium", "MutantInfo", "Profile", "mutant", "mutant_named"]

Medium: TypeAlias = Literal["asgi", "socket", "tls", "browser"]
Profile: TypeAlias = Literal["reference", "speakup"]
S = TypeVar("S", bound=ReferenceServer)


@dataclass(frozen=True, slots=True)
class MutantInfo:
    """A mutant: its class, the requirements it breaks, and what else fires because of it."""

    name: str
    server_class: type[ReferenceServer] = field(repr=False)
    summary: str
    breaks: frozenset[str]
    also: Mapping[str, str]
    medium: Medium
    profile: Profile
    features: tuple[str, ...]
    """What its profile claims besides, as [features] does."""
    path: str
    """The path of its issuer."""
    by_search: bool
    """Whether only a search finds it, of many examples: others are not shown to one."""
    scenario: str = ""
    """The load scenario that shows it, where an audit alone does not."""
    alone: bool = False
    """Whether its own experiments alone are made: others hide it, meet by luck, or cannot begin."""


def _consequences() -> Mapping[str, Mapping[str, str]]:
    """Return what else fires at a mutant, and why, where its own `also` does not say so.

    Most of it was found when every experiment was made against every mutant (`nox -s mutants`).
    """
    found: dict[str, dict[str, str]] = {}
    with Path(__file__).with_name("consequences.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True):
            found.setdefault(row["mutant"], {})[row["requirement"]] = row["because"]
    return found


CONSEQUENCES: Final = _consequences()
_KNOWN: Final[dict[str, MutantInfo]] = {}
MUTANTS: Final[Mapping[str, MutantInfo]] = MappingProxyType(_KNOWN)


def mutant(  # noqa: PLR0913 -- each is a keyword that says what a mutant is
    breaks: str | Sequence[str],
    *,
    also: Mapping[str, str] | None = None,
    medium: Medium = "asgi",
    profile: Profile = "reference",
    features: Sequence[str] = (),
    path: str = "",
    by_search: bool = False,
    scenario: str = "",
    alone: bool = False,
) -> Callable[[type[S]], type[S]]:
    """Declare a subclass of the reference server that is wrong in one way.

    Raises HarnessError if there is one of that name.
    """

    def declare(server_class: type[S]) -> type[S]:
        name = kebab_case(server_class.__name__)
        if name in _KNOWN:
            raise HarnessError(f"two mutants are called {name}")
        _KNOWN[name] = MutantInfo(
            name=name,
            server_class=server_class,
            summary=(server_class.__doc__ or "").strip(),
            breaks=frozenset([breaks] if isinstance(breaks, str) else breaks),
            also=MappingProxyType({**CONSEQUENCES.get(name, {}), **(also or {})}),
            medium=medium,
            profile=profile,
            features=tuple(features),
            path=path,
            by_search=by_search,
            scenario=scenario,
            alone=alone,
        )
        return server_class

    return declare


def mutant_named(name: str) -> MutantInfo:
    """Return the mutant of this name, kebab-case or its class's; raises UsageError."""
    key = kebab_case(name) if name[:1].isupper() else name
    if key in MUTANTS:
        return MUTANTS[key]
    near = difflib.get_close_matches(key, MUTANTS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"there is no mutant called {name}{hint}")
