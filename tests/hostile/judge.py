"""Judges one server for each line of standard input, each in a process of its own.

A line is a JSON object: issuer, ca_file, exchange_s, out. The answer is one line of JSON: what was
judged, the exit codes, the seconds, and the peak of the memory (resident set) of that process.
"""

import io
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.evidence.store import read_evidence
from idprobe.judge.collect import Check, all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Judgement, because_of, name_of
from idprobe.report import write_all
from idprobe.report.terminal import print_summary
from idprobe.setup.targets import resolve

PROBES: Final = frozenset({
    "metadata_documents", "keys_document", "code_redeemed", "code_answer",
    "userinfo_asked", "userinfo_refused", "user_pages", "token_request_faults", "prompt_none",
    "basic_authentication", "client_credentials_answer", "tokens_introspected",
    "client_registered_by_defaults",
})  # fmt: skip
"""The experiments made: each kind of endpoint and of answer is among what they read."""


def chosen() -> list[Check]:
    """Return the checks that read nothing but those."""
    return [check for check in all_checks() if set(check.probes) <= PROBES]


def observed(order: Mapping[str, Any]) -> dict[str, Any]:
    """Judge a server; return what came out."""
    begun, out = time.perf_counter(), Path(order["out"])
    ca_file = Path(order["ca_file"]) if order["ca_file"] else None
    profile = with_issuer(resolve("reference"), order["issuer"], ca_file)
    profile = replace(profile, limits=replace(profile.limits, exchange_s=order["exchange_s"]))
    audit = Audit(profile, Options(out))
    judgements = judged(audit, chosen())
    run = audit.conclude()
    write_all(run, out)
    text = io.StringIO()
    print_summary(run, Console(file=text, width=120), out / "report.html")
    return {
        "judgements": told(judgements),
        "again": judged_again(out),
        "probes": {name: [one.outcome, one.because] for name, one in run.probes.items()},
        "exit": run.exit_codes,
        "printed": text.getvalue(),
        "seconds": time.perf_counter() - begun,
    }


def judged_again(out: Path) -> list[list[str]]:
    """Judge what was kept of a run; empty if it never got to know the server."""
    if not (out / "evidence" / "run.json").exists():
        return []
    recorded = read_evidence(out / "evidence")
    audit = Audit(recorded_profile(recorded), Options(out), recorded=recorded)
    return told(judged(audit, chosen()))


def told(judgements: list[Judgement]) -> list[list[str]]:
    """Return judgements as JSON has them."""
    return [
        [j.check, j.requirement.id, name_of(j.verdict), because_of(j.verdict)] for j in judgements
    ]


def in_a_child(order: Mapping[str, Any]) -> dict[str, Any]:
    """Judge in a process of its own, and add the peak of its memory."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(observed(order), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        return {"crashed": status}
    unit = 1024 if sys.platform != "darwin" else 1
    return {**json.loads(said), "peak_mib": usage.ru_maxrss * unit / 2**20}


def main() -> None:
    """Answer each line."""
    chosen()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(in_a_child(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
