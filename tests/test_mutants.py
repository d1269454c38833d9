"""Every check can fail: each mutant of the reference server wakes the checks that it should.

A mutant runs the probes of its own checks, and every check that needs no others: so a check that
fires although nobody declared it is seen too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

import pytest

from idprobe.judge.anchors import load_anchors
from idprobe.judge.collect import Check, all_checks
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Capability
from idprobe.model.verdict import HarnessFault, Judgement, Violated
from idprobe.probes import Depth, all_probes
from idprobe_reference.mutants import MUTANTS, MutantInfo
from tools.proving.trial import aimed_checks, closure, declared, judgements
from tools.proving.unkilled import load_unkilled

CATALOGUE: Final = load_catalogue()
OF_PROPERTIES: Final = ("mutants.spellings", "mutants.generated")
"""The modules of mutants that only generated requests find."""
AGAIN: Final = "To try it again: pytest tests/test_mutants.py -k NAME (docs/how-to/add-a-mutant.md)"


@cache
def covered() -> frozenset[str]:
    return frozenset(closure(i for check in all_checks() for i in check.requirements))


def searches_deeply(check: Check) -> bool:
    """Return whether a check reads what takes hundreds of examples: tests/lifecycle wakes these."""
    probes = [all_probes()[name] for name in check.probes]
    return any(probe.searches and probe.depth > Depth.QUICK for probe in probes)


COVERED: Final = [
    mutant
    for mutant in MUTANTS.values()
    if closure(mutant.breaks) & covered()
    and not (mutant.by_search or mutant.scenario or mutant.medium == "browser")
]
"""Those that only load shows are put to the test by tests/load, those for browsers by nox."""


KNOWN: Final[dict[str, tuple[Judgement, ...]]] = {}
"""What was judged of mutants in this process."""


def judgements_of(name: str) -> tuple[Judgement, ...]:
    """Return what is judged of a mutant by the checks that it is shown to; once."""
    if name not in KNOWN:
        KNOWN[name] = judged_anew(MUTANTS[name])
    return KNOWN[name]


def judged_anew(mutant: MutantInfo) -> tuple[Judgement, ...]:
    """Return what is judged of a mutant by checks of what it breaks, and those that ask no more."""
    aimed = [check for check in aimed_checks(mutant) if not searches_deeply(check)]
    return tuple(judgements(mutant, {probe for check in aimed for probe in check.probes}))


def by_example(mutant: MutantInfo, found: Iterable[Judgement]) -> list[str]:
    """Return which checks find a mutant of a property without generating anything: none may."""
    if not mutant.server_class.__module__.endswith(OF_PROPERTIES):
        return []
    return [
        f"{j.check} reads {', '.join(j.traces)}"
        for j in found
        if isinstance(j.verdict, Violated)
        and not any(all_probes()[probe].searches for probe in j.traces)
    ]


@pytest.mark.parametrize("mutant", COVERED, ids=lambda mutant: str(mutant.name))
def test_a_mutant_wakes_what_it_declares_and_nothing_else(mutant: MutantInfo) -> None:
    found = judgements_of(mutant.name)

    woken = {
        CATALOGUE.canonical(j.requirement.id): f"{j.check}: {j.verdict}"
        for j in found
        if isinstance(j.verdict, Violated) and j.deviation is None
    }
    faults = [f"{j.check}: {j.verdict}" for j in found if isinstance(j.verdict, HarnessFault)]
    undeclared = {i: w for i, w in woken.items() if i not in declared(mutant)}
    silent = closure(mutant.breaks) - woken.keys()
    unkilled = [
        f"{j.check}: {j.verdict}" for j in found if CATALOGUE.canonical(j.requirement.id) in silent
    ]
    assert faults == []
    assert by_example(mutant, found) == []
    assert silent == set(), f"{mutant.name} breaks them, and no check sees it: {unkilled}. {AGAIN}"
    assert undeclared == {}, (
        f"they fire at {mutant.name}, which does not declare them: {undeclared}. Name each in its "
        f"`breaks`, or in `also=` with the reason, or correct the check. {AGAIN}"
    )


IN_A_BROWSER: Final = [
    check.name
    for check in all_checks()
    if any(Capability.BROWSER in all_probes()[probe].needs for probe in check.probes)
]
"""The checks that the session `mutants` of nox wakes."""


def asks_replicas(name: str) -> bool:
    """Return whether a check needs several servers, as test_replicas.py and others have them."""
    check = next(check for check in all_checks() if check.name == name)
    return any(Capability.REPLICAS in all_probes()[probe].needs for probe in check.probes)


NAMED: Final = sorted(
    name
    for name in {c for rows in load_anchors().values() for row in rows for c in row.checks}
    if not asks_replicas(name)
)
"""The checks that cover what our peers test, at one server."""


def judged_by_others_too() -> Iterator[str]:
    """Yield quick checks that would not be missed: what each judges, another one judges too."""
    for check in all_checks():
        count = min(JUDGING[identifier] for identifier in closure(check.requirements))
        if count > 1 and all(all_probes()[name].depth == Depth.QUICK for name in check.probes):
            yield check.name


JUDGING: Final = Counter(i for check in all_checks() for i in closure(check.requirements))
"""How many checks judge a requirement, by its canonical id."""
AT_STAKE: Final = sorted(
    {*NAMED, *judged_by_others_too()} - load_unkilled().keys() - {*IN_A_BROWSER}
)


@pytest.mark.parametrize("name", AT_STAKE)
def test_a_check_that_may_sleep_unnoticed_is_woken_by_a_mutant(name: str) -> None:
    check = next(check for check in all_checks() if check.name == name)
    judges = closure(check.requirements)
    aimed = [mutant.name for mutant in COVERED if closure(mutant.breaks) & judges]
    aimed.sort(key=lambda mutant: mutant not in KNOWN)

    assert any(
        judgement.check == name and isinstance(judgement.verdict, Violated)
        for mutant in aimed
        for judgement in judgements_of(mutant)
    ), (
        f"{name} is silent on every mutant that breaks what it judges: {', '.join(aimed)}. Write a "
        f"mutant that only this check sees (docs/how-to/add-a-mutant.md). {AGAIN}"
    )


def test_every_mutant_names_requirements_of_the_catalogue() -> None:
    for mutant in MUTANTS.values():
        for identifier in {*mutant.breaks, *mutant.also}:
            assert identifier in CATALOGUE.requirements, f"{mutant.name} names {identifier}"


def test_every_requirement_that_a_check_judges_is_in_the_catalogue() -> None:
    for check in all_checks():
        for identifier in check.requirements:
            assert identifier in CATALOGUE.requirements, f"{check.name} names {identifier}"


def test_hardly_a_mutant_is_left_to_others() -> None:
    assert len(COVERED) >= 1000
