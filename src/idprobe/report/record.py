"""results.json: the versioned interface that other tools read, and that `idprobe diff` compares.

Its shape is published as fixtures/schemas/results.schema.json. Version 1 is frozen: members may
come, none goes and none changes what it means, and who reads it ignores members that he does not
know.
"""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.evidence.seals import Seal
from idprobe.findings.run import Run, counts_of
from idprobe.formats.bounded import read_bounded
from idprobe.formats.schemas import validate
from idprobe.model.verdict import Judgement, because_of, name_of

__all__ = ["SCHEMA", "fingerprint", "read_results", "results_in", "results_json", "write_results"]

SCHEMA: Final = 1
_MOST_BYTES: Final = 128 * 2**20

_PASSING: Final = (
    (re.compile(r"\u2039([a-z_]+)-\d+\u203a"), r"<\1>"),
    (re.compile(r"(?<=[a-z\d\]]):\d{2,5}\b"), ":PORT"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|µs|ms|s|seconds?)\b"), "TIME"),
    (re.compile(r"\b\d+ bytes\b"), "SIZE"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b"), "HEX"),
    (re.compile(r"\s+"), " "),
)
"""What differs between two runs that saw the same: pseudonyms, ports, times, sizes, identifiers."""


def results_json(run: Run) -> dict[str, Any]:
    """Return the run as results.json has it; `summary` counts requirements, not judgements."""
    counts = asdict(counts_of(run.by_requirement()))
    del counts["declared"]
    return {
        "schema": SCHEMA,
        "tool": {"name": "idprobe", "version": run.tool_version},
        "target": {
            "name": run.target,
            "issuer": run.issuer,
            "build": run.build,
            "profile_sha256": run.profile_sha256,
        },
        "started_at": run.started_at.isoformat(timespec="milliseconds"),
        "duration_s": round(run.duration_s, 3),
        "exchanges": run.exchanges,
        "logins": run.logins,
        "checks_by_hand": run.checks_by_hand,
        "exit": list(run.exit_codes),
        "interrupted": run.interrupted,
        "evidence": None if run.seal is None else _seal(run.seal),
        "selection": {
            "standards": list(run.standards),
            "safety": run.safety,
            "depth": run.depth,
            "keyword": run.keyword,
            "fail_on": run.fail_on,
        },
        "notes": list(run.notes),
        "gate": {
            "gone": [deviation.requirement for deviation in run.gone],
            "expired": [deviation.requirement for deviation in run.expired],
            "quarantined": [deviation.requirement for deviation in run.quarantined],
            "coverage_regressions": list(run.coverage_regressions),
        },
        "summary": counts,
        "judgements": [_judgement(judgement) for judgement in _in_order(run)],
    }


def _seal(seal: Seal) -> dict[str, Any]:
    return {
        "seal": seal.state.value,
        "flaws": list(seal.flaws),
        "signed_by": seal.signed_by,
    }


def _in_order(run: Run) -> list[Judgement]:
    return sorted(run.judgements, key=lambda judgement: (judgement.requirement.id, judgement.check))


def _judgement(judgement: Judgement) -> dict[str, Any]:
    requirement = judgement.requirement
    deviation = judgement.deviation
    return {
        "check": judgement.check,
        "requirement": requirement.id,
        "same_as": requirement.same_as,
        "spec": requirement.spec,
        "section": requirement.section,
        "area": requirement.area,
        "link": requirement.link,
        "level": str(requirement.level),
        "basis": requirement.basis,
        "gates": requirement.gates,
        "family": str(requirement.family),
        "verdict": name_of(judgement.verdict),
        "counts": judgement.counts,
        "because": because_of(judgement.verdict),
        "deviation": None
        if deviation is None
        else {
            "because": deviation.because,
            "until": None if deviation.until is None else deviation.until.isoformat(),
        },
        "severity": requirement.severity,
        "fingerprint": fingerprint(judgement),
        "wants": requirement.summary,
        "sent": judgement.sent,
        "saw": judgement.saw,
        "traces": list(judgement.traces),
        "exchange": judgement.exchange,
        "curl": judgement.curl,
        "replay": judgement.replay,
        "remark": judgement.remark,
    }


def fingerprint(judgement: Judgement) -> str:
    """Return 16 hex digits that stay the same while the same check complains of the same thing."""
    because = because_of(judgement.verdict)
    for pattern, replacement in _PASSING:
        because = pattern.sub(replacement, because)
    parts = (judgement.requirement.id, judgement.check, because.strip())
    text = "\n".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:16]


def write_results(run: Run, path: Path) -> None:
    """Write results.json; a lone surrogate becomes its JSON escape."""
    text = json.dumps(results_json(run), ensure_ascii=False, indent=2) + "\n"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def results_in(path: Path) -> Path:
    """Return the record of a results folder, or the file itself."""
    return path / "results.json" if path.is_dir() else path


def read_results(path: Path) -> dict[str, Any]:
    """Return the results in a file; raises EvidenceError naming the file and what is wrong."""
    try:
        document = json.loads(read_bounded(path, _MOST_BYTES))
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise EvidenceError(f"{path}: is not JSON; give a results.json of idprobe") from None
    found_version = document.get("schema") if isinstance(document, dict) else None
    if isinstance(found_version, int) and found_version != SCHEMA:
        raise EvidenceError(
            f"{path}: is of version {found_version}, this idprobe reads version {SCHEMA}: "
            f"judge its evidence folder again, with `idprobe judge`"
        )
    try:
        validate(document, "results")
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from None
    found: dict[str, Any] = document
    return found
