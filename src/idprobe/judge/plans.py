"""The certification plans of the OpenID Foundation as standards: what each of them selects.

A plan is the modules of that name in fixtures/anchors/oidf-op-modules.tsv. It selects the
requirements that the checks of those modules judge, each judged by all of its checks, as ever.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from idprobe.errors import CatalogueError
from idprobe.formats.schemas import nearest
from idprobe.judge.anchors import Row, load_anchors
from idprobe.judge.collect import all_checks
from idprobe.model.catalogue import Catalogue, Requirement, selected
from idprobe.model.profile import Profile

__all__ = ["PLANS", "Plan", "are_plans", "modules_of", "plan_named", "requirements_selected"]

FAMILY: Final = "oidc"
_MODULES: Final = "oidf-op-modules"
_CODE: Final = frozenset({"code"})
_IMPLICIT: Final = frozenset({"id_token", "id_token token"})
_HYBRID: Final = frozenset({"code id_token", "code token", "code id_token token"})
_RESPONSE_TYPE: Final = "response_type:"
_FLOWS: Final = MappingProxyType(
    {"feature:implicit_flow": _IMPLICIT, "feature:hybrid_flow": _HYBRID}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan takes from the list of modules, and what else is of it."""

    names: tuple[str, ...]
    """The plans of the OpenID Foundation that stand behind this name."""
    response_types: frozenset[str]
    """What the plan is run with; a module of several plans has checks of other types, too."""
    documents: tuple[str, ...] = ()
    """Files of the catalogue that the plan is about and no module of its own names."""

    def speaks_of(self, requirement: Requirement) -> bool:
        """Return whether a requirement is no rule of response types that the plan has not."""
        return all(
            not types or bool(types & self.response_types)
            for types in map(_types_of, requirement.when)
        )


_ALL: Final = _CODE | _IMPLICIT | _HYBRID

PLANS: Final[Mapping[str, Plan]] = MappingProxyType(
    {
        "basic": Plan(("basic",), _CODE),
        "implicit": Plan(("implicit",), _IMPLICIT),
        "hybrid": Plan(("hybrid",), _HYBRID),
        "config": Plan(("config",), _ALL),
        "dynamic": Plan(("dynamic",), _ALL),
        "form_post": Plan(("fp-basic", "fp-implicit", "fp-hybrid"), _ALL, ("oauth-form-post",)),
        "logout": Plan(("rp-logout", "session", "fc-logout", "bc-logout"), _ALL),
    }
)
"""The plans that can be selected, by the name that follows `oidc:`."""


def plan_named(standard: str) -> str | None:
    """Return the plan that a standard names, `basic` or `oidc:basic`; None for a family.

    Raises CatalogueError for a plan that is not there.
    """
    family, colon, name = standard.partition(":")
    if not colon:
        return family if family in PLANS else None
    if family == FAMILY and name in PLANS:
        return name
    meant = nearest(standard, [f"{FAMILY}:{plan}" for plan in PLANS])
    hint = f"did you mean {meant}?" if meant else f"known are {', '.join(PLANS)}"
    raise CatalogueError(f"{standard} is no plan we know, {hint}")


def are_plans(standards: Collection[str]) -> bool:
    """Return whether standards are named, and all of them are plans."""
    return bool(standards) and all(plan_named(standard) for standard in standards)


def modules_of(plan: str) -> tuple[Row, ...]:
    """Return the modules of a plan, in the order of the list."""
    names = set(PLANS[plan].names)
    return tuple(row for row in load_anchors()[_MODULES] if names.intersection(row.plans))


def requirements_selected(
    catalogue: Catalogue, standards: Iterable[str], profile: Profile | None = None
) -> frozenset[str]:
    """Return the ids of what families and plans select together.

    Contract items are there if the profile has a [contract], as with families; where nothing but
    plans was asked for, there is no need to name a profile.
    """
    wanted = [(standard, plan_named(standard)) for standard in standards]
    families = [standard for standard, plan in wanted if plan is None]
    chosen = {requirement.id for requirement in selected(catalogue, families, profile)}
    for _, plan in wanted:
        if plan is not None:
            chosen |= {one.id for one in _of_plan(catalogue, plan)}
    return frozenset(chosen)


def _of_plan(catalogue: Catalogue, plan: str) -> Iterator[Requirement]:
    """Yield what a plan selects: what its modules' checks judge, and what its documents say."""
    checks = {name for row in modules_of(plan) for name in row.checks}
    named = {one for name in checks for one in _judged_by()[name]}
    for requirement in catalogue:
        meant = requirement.id in named or requirement.document in PLANS[plan].documents
        if meant and PLANS[plan].speaks_of(requirement):
            yield requirement


@cache
def _judged_by() -> Mapping[str, tuple[str, ...]]:
    """Return the requirements that each check names, by the check."""
    return MappingProxyType({check.name: check.requirements for check in all_checks()})


def _types_of(term: str) -> frozenset[str]:
    """Return the response types that a term of `when` asks for one of; none for another term."""
    if term.startswith(_RESPONSE_TYPE):
        return frozenset({term.removeprefix(_RESPONSE_TYPE)})
    return _FLOWS.get(term, frozenset())
