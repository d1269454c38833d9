"""results.sarif: violations as SARIF 2.1.0, for code scanning.

A result is a violated requirement; what was not decided stands among the notifications of the run,
so that no viewer takes it for a finding. A declared deviation is a suppressed result. A result
points into the profile, and from there into the HAR of the deciding exchange.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from idprobe.findings.run import Finding, Run, grouped_by_cause
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.model.catalogue import Requirement
from idprobe.report.record import fingerprint
from idprobe.report.words import meaning, plural

__all__ = ["sarif_json", "write_sarif"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0-rtm.5.json"
_MAX_TEXT: Final = 1000
_SCORES: Final = {"high": "8.0", "medium": "5.0", "low": "2.0"}
"""What code scanning calls security-severity: the middle of its bands high, medium and low."""


def write_sarif(run: Run, path: Path) -> None:
    """Write results.sarif."""
    text = json.dumps(sarif_json(run), ensure_ascii=False, indent=2) + "\n"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def sarif_json(run: Run) -> dict[str, Any]:
    """Return the run as a SARIF log."""
    findings = run.by_requirement()
    violated = [finding for finding in findings if finding.name == "violated"]
    rules = [_rule(finding.requirement) for finding in violated]
    driver = {"name": "idprobe", "semanticVersion": run.tool_version, "rules": rules}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": f"idprobe/{_text(run.target)}/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"RESULTS": {"description": {"text": "The results folder."}}},
                "invocations": [_invocation(run, findings)],
                "results": [_result(run, one, index) for index, one in enumerate(violated)],
            }
        ],
    }


def _rule(requirement: Requirement) -> dict[str, Any]:
    parts = {
        "At stake": requirement.protects,
        "Fix": requirement.fix,
        "Rests on": f"{requirement.basis}, {requirement.spec} {requirement.section}".strip(),
        "Text": requirement.link,
    }
    told = [f"{name}: {text}" for name, text in parts.items() if text]
    rule: dict[str, Any] = {
        "id": requirement.id,
        "shortDescription": {"text": _text(requirement.summary)},
        "fullDescription": {"text": _text(f"{requirement.level}: {requirement.summary}")},
        "help": {"text": _text("\n".join((requirement.summary, *told)), lines=True)},
        "defaultConfiguration": {"level": "error" if requirement.gates else "warning"},
        "properties": {
            "tags": ["security", str(requirement.family), requirement.area],
            "level": str(requirement.level),
            "section": requirement.section,
            "security-severity": _SCORES[requirement.severity],
        },
    }
    return rule | ({"helpUri": requirement.link} if requirement.link else {})


def _result(run: Run, finding: Finding, index: int) -> dict[str, Any]:
    deciding = finding.deciding
    said = [finding.because]
    said += [f"sent: {deciding.sent}"] if deciding.sent else []
    said += [f"saw: {deciding.saw}"] if deciding.saw else []
    result: dict[str, Any] = {
        "ruleId": finding.requirement.id,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": _text("\n".join(said), lines=True)},
        "locations": [_location(run, finding)],
        "partialFingerprints": {"idprobe/v1": fingerprint(deciding)},
    }
    related = _related(finding)
    if related is not None:
        result["relatedLocations"] = [related]
    if finding.deviation is not None:
        because = _text(finding.deviation.because)
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": because}
        ]
    return result


def _level(finding: Finding) -> str:
    if finding.counts:
        return "error"
    return "warning" if finding.requirement.gates else "note"


def _location(run: Run, finding: Finding) -> dict[str, Any]:
    """Return the line of the profile that the finding is about; without a file, the server."""
    server = {"fullyQualifiedName": _text(run.issuer or run.target), "kind": "resource"}
    if not run.profile_path:
        artifact = {"uri": "results.json", "uriBaseId": "RESULTS"}
        return {
            "physicalLocation": {"artifactLocation": artifact},
            "logicalLocations": [server],
        }
    lines = run.profile_lines
    ids = (finding.requirement.id, *(other.id for other in finding.alike))
    keys = (*ids, "issuer", "metadata_url", "embedded")
    line = next((lines[key] for key in keys if key in lines), 1)
    place = {"artifactLocation": {"uri": _uri(run.profile_path)}, "region": {"startLine": line}}
    return {"physicalLocation": place, "logicalLocations": [server]}


def _related(finding: Finding) -> dict[str, Any] | None:
    probe, _, number = finding.deciding.exchange.partition("#")
    if not probe:
        return None
    artifact = {"uri": _uri(f"evidence/{probe}.har"), "uriBaseId": "RESULTS"}
    said = f"exchange {int(number) + 1} of {probe}"
    return {
        "id": 1,
        "physicalLocation": {"artifactLocation": artifact},
        "message": {"text": _text(said)},
    }


def _invocation(run: Run, findings: Iterable[Finding]) -> dict[str, Any]:
    code = run.exit_code
    return {
        "executionSuccessful": code in {0, 1},
        "exitCode": code,
        "exitCodeDescription": meaning(code),
        "startTimeUtc": run.started_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "toolExecutionNotifications": list(_notifications(run, findings)),
    }


def _notifications(run: Run, findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    found = list(findings)
    for note in run.notes:
        yield {"level": "note", "message": {"text": _text(note)}}
    for name, level in (("inconclusive", "warning"), ("harness_fault", "error")):
        undecided = [finding for finding in found if finding.name == name]
        for because, group in grouped_by_cause(undecided).items():
            said = f"{name.replace('_', ' ')}, {plural(len(group), 'requirement')}: {because}"
            yield {"level": level, "message": {"text": _text(said)}}


def _text(value: str, *, lines: bool = False) -> str:
    """Return text in which neither a placeholder nor a link means anything (section 3.11)."""
    shown = clipped(sanitise(value[: _MAX_TEXT + 1], lines=lines), _MAX_TEXT)
    return shown.replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _uri(path: str) -> str:
    """Return a relative path as a URI reference: what is no path character is encoded."""
    return quote(path, safe="/.-_~")
