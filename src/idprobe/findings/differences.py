"""What changed between two records of one server; pure, over results.json alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe.evidence.store import UNDER_LOAD

__all__ = ["KINDS", "Difference", "differences", "is_same_build", "unlike"]

KINDS: Final[Mapping[str, str]] = {
    "flickers": "differs between two runs of the same build",
    "new": "violated now, and not before",
    "untestable": "judged before, and not any more",
    "changed": "violated before and now, in another way",
    "fixed": "violated before, satisfied now",
    "tested": "judged now, and not before",
    "other": "changed in another way",
}
"""The kinds of difference, gravest first, and what each says."""

_WORST_FIRST: Final = ("violated", "harness_fault", "inconclusive", "satisfied", "not_applicable")
_DECIDED: Final = frozenset({"satisfied", "violated"})
_ABSENT: Final = "not_judged"


@dataclass(frozen=True, slots=True)
class Difference:
    """A requirement that came out otherwise; `regressed` if that is worse and the gate cares."""

    requirement: str
    level: str
    kind: str
    before: str
    after: str
    because: str
    regressed: bool
    gates: bool = False
    """Whether a violation of it may fail a build."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A requirement in one record."""

    verdict: str
    level: str
    because: str
    fingerprints: frozenset[str]
    counts: bool
    gates: bool
    under_load: bool
    """Whether a load run showed it, which the other record need not have been shown."""


def unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what makes two records hard to compare: other selections, another server."""
    then, now = old["selection"], new["selection"]
    found = [
        f"{name}: {then[name] or 'none'} before, {now[name] or 'none'} now"
        for name in then
        if then[name] != now[name]
    ]
    names = old["target"]["name"], new["target"]["name"]
    found += [f"target: {names[0]} before, {names[1]} now"] if names[0] != names[1] else []
    for when, record in (("before", old), ("now", new)):
        found += [f"the run {when} was stopped before its end"] if record["interrupted"] else []
    return found


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs, gravest first; requirements that say the same are one.

    What only one of the two runs selected is left out.
    """
    before, after = _standings(old), _standings(new)
    alike = old["selection"] == new["selection"]
    held, same_build = frozenset(new["gate"].get("quarantined", ())), is_same_build(old, new)
    found = [
        _in_its_place(difference, same_build=same_build, held=difference.requirement in held)
        for name in sorted(before.keys() | after.keys())
        if alike or (name in before and name in after)
        for difference in _difference(name, before.get(name), after.get(name))
    ]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda d: (not d.regressed, order.index(d.kind), d.requirement)))


def is_same_build(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether both records are of one build of one server, as somebody said of both."""
    then, now = old["target"], new["target"]
    known = then["build"] is not None
    return known and all(then[name] == now[name] for name in ("build", "name", "issuer"))


def _in_its_place(found: Difference, *, same_build: bool, held: bool) -> Difference:
    """Return a difference as one of the build itself, and as no regression in quarantine."""
    kind = "flickers" if same_build and found.before != found.after else found.kind
    return replace(found, kind=kind, regressed=found.regressed and not held)


def _difference(
    name: str, before: _Standing | None, after: _Standing | None
) -> Iterator[Difference]:
    then, now = _verdict(before), _verdict(after)
    told = after or before
    if told is None:
        return
    kind = _kind(before, after)
    if kind is not None:
        regressed = (kind == "new" and after is not None and after.counts) or (
            kind == "untestable" and before is not None and before.gates
        )
        because = after.because if after is not None else "no check judged it"
        gates = any(one is not None and one.gates for one in (before, after))
        yield Difference(name, told.level, kind, then, now, because, regressed, gates)


def _kind(before: _Standing | None, after: _Standing | None) -> str | None:
    """Return the kind of a difference; None if nothing differs."""
    then, now = _verdict(before), _verdict(after)
    told = after or before
    if told is not None and told.under_load and now != "violated" and not {then, now} <= _DECIDED:
        return None
    if then == now:
        return _kind_of_violated(before, after) if now == "violated" else None
    if now == "violated":
        return "new"
    if then in _DECIDED and now not in _DECIDED:
        return "untestable"
    if then == "violated":
        return "fixed"
    return "tested" if now in _DECIDED else "other"


def _kind_of_violated(before: _Standing | None, after: _Standing | None) -> str | None:
    """Return what is other about a violation; one that was declared then and not now is new."""
    if before is None or after is None or (after.counts and not before.counts):
        return "new"
    return None if before.fingerprints == after.fingerprints else "changed"


def _verdict(standing: _Standing | None) -> str:
    return _ABSENT if standing is None else standing.verdict


def _standings(record: Mapping[str, Any]) -> dict[str, _Standing]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for judgement in record["judgements"]:
        name = judgement["same_as"] or judgement["requirement"]
        groups.setdefault(name, []).append(judgement)
    fail_on = record["selection"]["fail_on"]
    return {name: _standing(group, fail_on) for name, group in groups.items()}


def _standing(group: Iterable[Mapping[str, Any]], fail_on: str) -> _Standing:
    ordered = sorted(group, key=lambda one: _WORST_FIRST.index(one["verdict"]))
    first = ordered[0]
    same = [one for one in ordered if one["verdict"] == first["verdict"]]
    return _Standing(
        first["verdict"],
        first["level"],
        first["because"],
        frozenset(one["fingerprint"] for one in same),
        any(one["counts"] for one in ordered),
        any(_may_fail(one, fail_on) for one in ordered),
        all(UNDER_LOAD in one["traces"] for one in ordered),
    )


def _may_fail(judgement: Mapping[str, Any], fail_on: str) -> bool:
    """Return whether the gate of that run would have counted a violation (see judge.weigh)."""
    is_contract = bool(judgement["family"] == "contract")
    if fail_on == "never" or not judgement["gates"]:
        return False
    if fail_on == "contract" or is_contract:
        return is_contract
    level = str(judgement["level"])
    return level.startswith("MUST") or (fail_on == "should" and level.startswith("SHOULD"))
