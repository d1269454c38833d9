"""Record the servers that we run, judge what is recorded, and write down the verdicts.

    python -m tests.recorded.record              # the servers (they have to run), faults, verdicts
    python -m tests.recorded.record --verdicts   # the verdicts alone, of what was recorded before

Run the first after probes were added or changed, the second after checks were; then read the
difference in fixtures/recorded/verdicts.tsv before it is committed.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.evidence.archives import SUFFIX, packed, unpacked
from idprobe.evidence.har import from_har, to_har
from idprobe.evidence.store import ProbeOutcome, Recorded, read_evidence
from idprobe.judge.collect import Check, InProcess, all_checks, judged
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Violated, name_of
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.mutants import MUTANTS

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "fixtures" / "recorded"
VERDICTS: Final = FOLDER / "verdicts.tsv"
SERVERS: Final = ("keycloak", "node-oidc-provider")
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
ISSUER: Final = "http://127.0.0.1:8081"
USABLE: Final = frozenset({0, 1, 3})
"""The exit codes of audits that observed something."""

FAULTS: Final[Mapping[str, str]] = {
    "authorization-code-reused": "codes-can-be-replayed",
    "authorization-code-of-another-client": "codes-of-others-are-taken",
    "unsigned-assertion-taken": "unsigned-assertions-are-taken",
    "open-redirect": "any-redirect-uri-will-do",
    "redirect-uri-by-prefix": "redirect-uri-by-prefix",
    "pkce-verifier-ignored": "verifier-is-not-compared",
    "pkce-verifier-left-out": "verifier-may-be-left-out",
    "state-lost-on-error": "state-is-lost-on-error",
    "nonce-lost": "nonce-is-lost",
    "id-token-for-somebody-else": "audience-is-issuer",
    "id-token-as-access-token": "id-tokens-open-userinfo",
    "public-key-as-hmac-secret": "public-keys-are-secrets",
    "client-secret-ignored": "any-secret-will-do",
    "client-assertion-replayed": "assertions-can-be-replayed",
    "refresh-token-reuse-unnoticed": "reuse-leaves-family",
    "refresh-token-of-another-client": "refresh-tokens-of-others-are-taken",
    "revoked-token-active": "revoked-tokens-are-active",
    "consent-page-framed": "pages-can-be-framed",
    "consent-forged": "forms-of-other-sites-are-taken",
    "tokens-cached": "token-response-may-be-stored",
}
"""Famous defects, and the mutant that has each."""

Row = tuple[str, str, str, str]
"""What was recorded, a requirement, a check, its verdict."""


def record_server(name: str) -> None:
    """Audit a server that runs, and pack what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        profile = ROOT / "fixtures" / "providers" / f"{name}.toml"
        command = [sys.executable, "-m", "idprobe", "audit", str(profile), "--output", str(out)]
        ended = subprocess.run(command, check=False)
        if ended.returncode not in USABLE:
            sys.exit(f"{name} could not be audited: does it run? See fixtures/servers/{name}")
        packed(out / "evidence", FOLDER / f"{name}{SUFFIX}")


def record_faults() -> None:
    """Record a trace of each famous defect."""
    runs: list[Any] = []
    run_of: dict[str, int] = {}
    for fault, mutant in FAULTS.items():
        recorded, violated = seen_of(mutant)
        if not violated:
            sys.exit(f"{fault}: no check that reads one probe alone sees {mutant}")
        name = min(violated, key=lambda probe: (len(recorded.traces[probe]), probe))
        if recorded.run not in runs:
            runs.append(recorded.run)
        run_of[fault] = runs.index(recorded.run)
        har = json.dumps(to_har(recorded.traces[name]), ensure_ascii=False, separators=(",", ":"))
        (FOLDER / "faults" / f"{fault}.har").write_text(har + "\n", encoding="utf-8")
    told = {"runs": runs, "run_of": run_of}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / "faults" / "runs.json").write_text(text + "\n", encoding="utf-8")


def seen_of(mutant: str) -> tuple[Recorded, set[str]]:
    """Return what the aimed checks see of a mutant, and which probes alone show its fault."""
    info, catalogue = MUTANTS[mutant], load_catalogue()
    broken = {catalogue.canonical(one) for one in info.breaks}
    aimed = [
        check
        for check in all_checks()
        if len(check.probes) == 1 and broken & {catalogue.canonical(r) for r in check.requirements}
    ]
    server = info.server_class(replace(CONFIGS[info.profile](), issuer=ISSUER))
    with tempfile.TemporaryDirectory() as folder:
        options = Options(Path(folder), Selection(Depth.QUICK, Safety.NORMAL))
        profile = with_issuer(resolve(info.profile), ISSUER)
        judgements = judged(Audit(profile, options, InProcess(server.app)), aimed)
        recorded = read_evidence(Path(folder) / "evidence")
    return recorded, {j.traces[0] for j in judgements if isinstance(j.verdict, Violated)}


def recordings() -> Iterator[tuple[str, Recorded, Sequence[Check]]]:
    """Yield everything that was recorded, and the checks that may judge it."""
    for name in SERVERS:
        with unpacked(FOLDER / f"{name}{SUFFIX}") as folder:
            yield name, read_evidence(folder), all_checks()
    told = json.loads((FOLDER / "faults" / "runs.json").read_text(encoding="utf-8"))
    for fault, run in told["run_of"].items():
        yield f"faults/{fault}", *_fault(fault, told["runs"][run])


def _fault(fault: str, run: Mapping[str, Any]) -> tuple[Recorded, Sequence[Check]]:
    text = (FOLDER / "faults" / f"{fault}.har").read_text(encoding="utf-8")
    trace = from_har(json.loads(text))
    outcome = ProbeOutcome(trace.probe, "done", "", len(trace))
    recorded = Recorded(run, {trace.probe: trace}, {trace.probe: outcome})
    return recorded, [check for check in all_checks() if check.probes == (trace.probe,)]


def rows() -> list[Row]:
    """Judge everything that was recorded."""
    found: list[Row] = []
    for name, recorded, checks in recordings():
        audit = Audit(recorded_profile(recorded), Options(Path()), recorded=recorded)
        for one in judged(audit, checks):
            declared = " (declared)" if one.deviation is not None else ""
            verdict = f"{name_of(one.verdict)}{declared}"
            found.append((name, one.requirement.id, one.check, verdict))
    return sorted(found)


def written() -> list[Row]:
    """Return the verdicts that are expected."""
    with VERDICTS.open(encoding="utf-8", newline="") as file:
        name, requirement, check, verdict = zip(*csv.reader(file, delimiter="\t"), strict=True)
    return list(zip(name, requirement, check, verdict, strict=True))


def write(found: Sequence[Row]) -> None:
    """Write the verdicts down, a line each, so that a difference can be read."""
    with VERDICTS.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows(found)


def main(arguments: list[str] | None = None) -> None:
    """Record and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", action="store_true", help="judge what is there")
    if not parser.parse_args(arguments).verdicts:
        for name in SERVERS:
            record_server(name)
        record_faults()
    write(rows())


if __name__ == "__main__":
    main()
