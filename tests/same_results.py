"""Whether a change of our code changes anything that is judged: every field of every results.json.

    python -m tests.same_results record BEFORE [EVIDENCE ...]    # with the code before the change
    python -m tests.same_results record AFTER [EVIDENCE ...]     # with the code after it
    python -m tests.same_results compare BEFORE AFTER

What is recorded: the results on everything of fixtures/recorded, on the evidence folders that are
named, and on the embedded servers, which are audited anew. A live audit has its own tokens, ports
and times, so of those the members of LIVE are compared, with what passes masked as a fingerprint
masks it. The kill matrix and the lenient variants have programs of their own, whose files can be
compared too: they are JSON (`nox -s mutants -- --json`).
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.recorded.by_hand import NAMES, audited, read
from tests.recorded.record import CONFIGS, ISSUER, recordings

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.evidence.store import read_evidence
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.report.record import results_json
from idprobe.setup.targets import resolve
from idprobe_reference.server import ReferenceServer

PASSING: Final = ("started_at", "duration_s")
"""What no two runs share."""
LIVE: Final = ("check", "requirement", "verdict", "counts", "level", "gates", "traces", "wants")
SHOWN: Final = 20


def main(arguments: list[str] | None = None) -> int:
    """Record or compare; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("record", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    chosen = parser.parse_args(arguments)
    if chosen.verb == "record":
        record(chosen.folder, chosen.others)
        return 0
    return compare(chosen.folder, chosen.others[0])


def record(folder: Path, evidence: list[Path]) -> None:
    """Write the results on everything there is, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, results in all_results(evidence):
        for member in PASSING:
            del results[member]
        text = json.dumps(results, ensure_ascii=True, indent=1, sort_keys=True)
        file = folder / f"{name.replace('/', '--')}.json"
        file.write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(results['judgements'])} judgements")


def all_results(evidence: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was judged, by name, and its results."""
    for name, recorded, checks in recordings():
        audit = Audit(recorded_profile(recorded), Options(Path()), recorded=recorded)
        judged(audit, checks)
        yield f"recorded/{name}", results_json(audit.conclude())
    for name in NAMES:
        yield f"by-hand/{name}", results_json(audited(read(name)).conclude())
    for folder in evidence:
        recorded = read_evidence(folder)
        audit = Audit(recorded_profile(recorded), Options(Path()), recorded=recorded)
        judged(audit, all_checks())
        yield f"evidence/{folder.parent.name}", results_json(audit.conclude())
    for name, config in CONFIGS.items():
        server = ReferenceServer(config())
        with tempfile.TemporaryDirectory() as out:
            profile = with_issuer(resolve(name), ISSUER)
            audit = Audit(profile, Options(Path(out)), InProcess(server.app))
            judged(audit, all_checks())
            live = [{key: one[key] for key in LIVE} for one in results_of(audit)["judgements"]]
        yield f"live/{name}", {"started_at": "", "duration_s": 0, "judgements": live}


def results_of(audit: Audit) -> dict[str, Any]:
    """Return the results of an audit."""
    return results_json(audit.conclude())


def compare(before: Path, after: Path) -> int:
    """Print what differs; return 1 if anything does."""
    names = sorted({path.name for folder in (before, after) for path in folder.glob("*.json")})
    differing = 0
    for name in names:
        if not (before / name).is_file() or not (after / name).is_file():
            print(f"{name}: is in one folder alone")
            differing += 1
            continue
        old, new = (json.loads((folder / name).read_text("utf-8")) for folder in (before, after))
        found = list(differences(old, new))
        differing += len(found)
        print(f"{name}: {len(found)} differences")
        for (member, was, now), times in Counter(found).most_common(SHOWN):
            print(f"  {times} x {member}: {was} -> {now}")
    print(f"{len(names)} files compared: {differing} differences")
    return 1 if differing else 0


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each member that differs, with what it was and is."""
    for member in sorted(old.keys() | new.keys()):
        if member != "judgements" and old.get(member) != new.get(member):
            yield member, short(old.get(member)), short(new.get(member))
    told, tells = (by_key(one["judgements"]) for one in (old, new))
    for key in sorted(told.keys() | tells.keys()):
        was, now = told.get(key), tells.get(key)
        if was is None or now is None:
            yield f"{key}", "there" if was else "absent", "there" if now else "absent"
            continue
        for member in sorted(was.keys() | now.keys()):
            if was.get(member) != now.get(member):
                yield f"{key} {member}", short(was.get(member)), short(now.get(member))


def by_key(judgements: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return judgements by their check and requirement."""
    return {f"{one['requirement']} by {one['check']}": one for one in judgements}


def short(value: Any) -> str:
    """Return a value in one line."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)[:200]


if __name__ == "__main__":
    sys.exit(main())
