"""What the gate compares beyond one run: with a baseline, and with what the profile declares."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from idprobe.errors import UsageError
from idprobe.evidence.store import UNDER_LOAD
from idprobe.findings.differences import Difference
from idprobe.findings.run import Finding
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.judge.weigh import FailOn, gate_counts
from idprobe.model.catalogue import Catalogue
from idprobe.model.profile import Deviation
from idprobe.model.verdict import Judgement, Satisfied, Verdict, Violated, worst

__all__ = ["check_comparable", "coverage_regressions", "declare", "judged_in", "quarantine"]

_DECIDED: Final = frozenset({"satisfied", "violated"})
_DEPTHS: Final = ("quick", "full", "deep")
_SAFETIES: Final = ("passive", "normal", "intrusive")
_UNEXPLAINED: Final = timedelta(days=90)
_HELD: Final = timedelta(days=14)
_MAX_QUOTE: Final = 300


def check_comparable(baseline: Mapping[str, Any], depth: str, safety: str) -> None:
    """Raise UsageError for a baseline that tried what this run will not even try."""
    then = baseline["selection"]
    if _DEPTHS.index(then["depth"]) > _DEPTHS.index(depth):
        raise UsageError(
            f"the baseline was made with --depth {then['depth']}, this run has --depth {depth}: "
            f"give both the same"
        )
    if _SAFETIES.index(then["safety"]) > _SAFETIES.index(safety):
        raise UsageError(
            f"the baseline was made with --safety {then['safety']}, this run has "
            f"--safety {safety}: give both the same"
        )


def judged_in(results: Mapping[str, Any]) -> frozenset[str]:
    """Return the requirements that a record has as satisfied or violated, one for all alike.

    A load run that was shown is evidence beside the audit: the next audit need not have one.
    """
    verdicts: dict[str, set[str]] = {}
    for judgement in results["judgements"]:
        if UNDER_LOAD in judgement.get("traces", ()):
            continue
        name = judgement["same_as"] or judgement["requirement"]
        verdicts.setdefault(name, set()).add(judgement["verdict"])
    undecided = {"inconclusive", "harness_fault"}
    return frozenset(
        name
        for name, found in verdicts.items()
        if found & _DECIDED and ("violated" in found or not found & undecided)
    )


def coverage_regressions(
    baseline: Mapping[str, Any],
    judgements: Iterable[Judgement],
    catalogue: Catalogue,
    selected: Collection[str],
    fail_on: FailOn,
) -> tuple[str, ...]:
    """Return what the baseline judged and this run does not, of what the gate counts.

    A server that loses a login, limits the rate or drops an endpoint must not turn green. What
    this run did not select is left out, and so is what the catalogue no longer has.
    """
    now: dict[str, list[Verdict]] = {}
    for judgement in judgements:
        now.setdefault(catalogue.canonical(judgement.requirement.id), []).append(judgement.verdict)
    chosen = {catalogue.canonical(one) for one in selected}
    lost = [
        name
        for name in sorted(judged_in(baseline) & chosen)
        if any(gate_counts(catalogue[one], fail_on) for one in catalogue.alike(name))
        and not isinstance(worst(now[name]) if name in now else None, Satisfied | Violated)
    ]
    return tuple(lost)


def declare(
    path: Path, found: Sequence[Finding], gone: Sequence[Deviation], today: date, depth: str
) -> tuple[int, int]:
    """Write the deviations of a run into its profile; return how many came and went.

    Those that are there keep their reasons, those that are gone are taken out. A new one quotes
    what was seen and counts again after 90 days, unless somebody gives it a reason and a date; it
    has the depth of the run where a quicker one might not show it.
    Raises UsageError, and leaves the file as it was, if it is written in a way that is not known.
    """
    text = path.read_text(encoding="utf-8-sig")
    leaving = {deviation.requirement for deviation in gone}
    document = tomllib.loads(text)
    there = [one for one in document.get("deviations", ()) if one["requirement"] not in leaving]
    known = {one["requirement"] for one in there}
    coming = [finding for finding in found if finding.requirement.id not in known]
    kept = _without(text.splitlines(), leaving)
    lines = [line for one in coming for line in _written(one, today, depth)]
    changed = "\n".join([*kept, *lines]) + "\n"
    entries = [*there, *(tomllib.loads("\n".join(_written(one, today, depth))) for one in coming)]
    flat = [one["deviations"][0] if "deviations" in one else one for one in entries]
    wanted = {**document, "deviations": flat}
    if not _reads_as(changed, wanted, "deviations"):
        raise UsageError(f"{path} is written in a way that --update-deviations cannot edit")
    path.write_bytes(changed.encode())
    return len(coming), len(leaving)


def quarantine(path: Path, found: Iterable[Difference], today: date) -> int:
    """Write what differs between two runs of one build into a profile; return how much is new.

    Each entry says what was seen and counts again after 14 days. Raises UsageError, and leaves the
    file as it was, if it is written in a way that is not known.
    """
    text = path.read_text(encoding="utf-8-sig")
    document = tomllib.loads(text)
    there = document.get("quarantine", [])
    known = {one["requirement"] for one in there}
    coming = [one for one in found if one.kind == "flickers" and one.requirement not in known]
    lines = [line for one in coming for line in _held(one, today)]
    changed = "\n".join([text.rstrip("\n"), *lines]) + "\n"
    wanted = {
        **document,
        "quarantine": [*there, *tomllib.loads("\n".join(lines)).get("quarantine", [])],
    }
    if not _reads_as(changed, wanted, "quarantine"):
        raise UsageError(f"{path} is written in a way that --quarantine cannot add to")
    if coming:
        path.write_bytes(changed.encode())
    return len(coming)


def _held(one: Difference, today: date) -> list[str]:
    told = f"{one.before} and {one.after} in two runs of one build, seen on {today}"
    said = told.replace("_", " ") + (f": {one.because}" if one.because else "")
    return [
        "",
        "[[quarantine]]",
        f"requirement = {_toml(one.requirement)}",
        f"because = {_toml(clipped(sanitise(said), _MAX_QUOTE))}",
        f"until = {today + _HELD}",
    ]


def _reads_as(text: str, wanted: dict[str, Any], tables: str) -> bool:
    """Return whether a profile says what is wanted; it may lack the tables if there are none."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return {tables: [], **found} == wanted


def _without(lines: Sequence[str], leaving: Collection[str]) -> list[str]:
    """Return the lines of a profile without the tables of some deviations."""
    kept: list[str] = []
    table: list[str] = []
    for line in [*lines, "["]:
        if line.lstrip().startswith("["):
            kept += _kept(table, leaving)
            table = []
        table.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _kept(table: Sequence[str], leaving: Collection[str]) -> list[str]:
    """Return a table, or of a deviation that leaves only the comment before what comes next."""
    rest = list(table)
    if not _leaves(table, leaving):
        return rest
    while rest and (not rest[-1].strip() or rest[-1].lstrip().startswith("#")):
        rest.pop()
    return list(table[len(rest) :])


def _leaves(table: Sequence[str], leaving: Collection[str]) -> bool:
    """Return whether a table is a deviation that leaves; what cannot be read alone stays."""
    if not table or not table[0].lstrip().startswith("[["):
        return False
    try:
        found = tomllib.loads("\n".join(table))
    except tomllib.TOMLDecodeError:
        return False
    return any(one["requirement"] in leaving for one in found.get("deviations", ()))


def _written(finding: Finding, today: date, depth: str) -> list[str]:
    seen = clipped(sanitise(finding.because), _MAX_QUOTE)
    return [
        "",
        "[[deviations]]",
        f"requirement = {_toml(finding.requirement.id)}",
        f"because = {_toml(f'not explained yet; seen on {today}: {seen}')}",
        f"until = {today + _UNEXPLAINED}",
        *([] if depth == "quick" else [f"depth = {_toml(depth)}"]),
    ]


def _toml(text: str) -> str:
    """Return a TOML string: those of JSON are, once nothing unseen is in them."""
    return json.dumps(sanitise(text), ensure_ascii=False)
