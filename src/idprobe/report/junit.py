"""junit.xml: one test case for each requirement, one suite for each specification.

What the gate does not count is passed, with a line of output: a CI server that reads this file
and one that reads the exit code must come to the same end.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from idprobe.findings.run import Finding, Run, by_spec
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Violated,
    because_of,
    name_of,
)

__all__ = ["junit_xml", "write_junit"]

_MAX_TEXT = 8000
_MAX_MESSAGE = 600


def write_junit(run: Run, path: Path) -> None:
    """Write junit.xml."""
    path.write_bytes(junit_xml(run))


def junit_xml(run: Run) -> bytes:
    """Return the run as a JUnit document in UTF-8."""
    findings = run.by_requirement()
    root = ET.Element("testsuites", {"name": _text(f"idprobe {run.target}"), **_numbers(findings)})
    del root.attrib["skipped"]  # readers that check know it at a suite alone
    root.set("time", f"{run.duration_s:.3f}")
    for spec, group in by_spec(findings).items():
        suite = ET.SubElement(root, "testsuite", {"name": _text(spec), **_numbers(group)})
        suite.set("timestamp", run.started_at.strftime("%Y-%m-%dT%H:%M:%S"))
        suite.set("time", "0.000")
        _properties(suite, _facts_of_run(run))
        for finding in group:
            _case(suite, finding)
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _text(value: str, limit: int = _MAX_MESSAGE, *, lines: bool = False) -> str:
    return clipped(sanitise(value[: limit + 1], lines=lines), limit)


def _numbers(findings: Iterable[Finding]) -> dict[str, str]:
    outcomes = [_outcome(finding) for finding in findings]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }


def _outcome(finding: Finding) -> str:
    """Return the element that tells the outcome, empty for a case that passed."""
    match finding.verdict:
        case Violated():
            return "failure" if finding.counts else ""
        case Inconclusive() | HarnessFault():
            return "error"
        case NotApplicable():
            return "skipped"
        case Satisfied():
            return ""


def _facts_of_run(run: Run) -> list[tuple[str, str]]:
    return [
        ("issuer", run.issuer),
        ("build", run.build or ""),
        ("idprobe", run.tool_version),
        ("python", run.python_version),
        ("profile_sha256", run.profile_sha256),
        ("standards", " ".join(run.standards)),
        ("safety", run.safety),
        ("depth", run.depth),
        ("exit", " ".join(map(str, run.exit_codes))),
        *(("note", note) for note in run.notes),
    ]


def _properties(parent: ET.Element, pairs: Iterable[tuple[str, str]]) -> None:
    holder = ET.SubElement(parent, "properties")
    for name, value in pairs:
        if value:
            ET.SubElement(holder, "property", {"name": name, "value": _text(value)})


def _case(suite: ET.Element, finding: Finding) -> None:
    requirement = finding.requirement
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": _text(requirement.spec),
            "name": _text(f"{requirement.id}: {requirement.summary}"),
            "time": "0.000",
        },
    )
    _properties(case, _facts_of_finding(finding))
    outcome = _outcome(finding)
    if outcome:
        attributes = {"message": _text(finding.because)}
        if outcome != "skipped":
            attributes["type"] = finding.name
        element = ET.SubElement(case, outcome, attributes)
        if outcome != "skipped":
            element.text = _text(_story(finding), _MAX_TEXT, lines=True)
    elif finding.name == "violated":
        ET.SubElement(case, "system-out").text = _text(_remark(finding), _MAX_TEXT, lines=True)


def _facts_of_finding(finding: Finding) -> list[tuple[str, str]]:
    requirement = finding.requirement
    deviation = finding.deviation
    return [
        ("verdict", finding.name),
        ("section", requirement.section),
        ("level", str(requirement.level)),
        ("severity", requirement.severity),
        ("basis", requirement.basis),
        ("area", requirement.area),
        ("link", requirement.link),
        *(("says_the_same", other.id) for other in finding.alike),
        *(("check", judgement.check) for judgement in finding.judgements),
        ("deviation", deviation.because if deviation is not None else ""),
    ]


def _story(finding: Finding) -> str:
    return "\n\n".join(
        _told(judgement)
        for judgement in finding.judgements
        if name_of(judgement.verdict) == finding.name
    )


def _told(judgement: Judgement) -> str:
    facts = {
        "wants": judgement.requirement.summary,
        "sent": judgement.sent,
        "saw": judgement.saw,
        "why": because_of(judgement.verdict),
        "check": judgement.check,
        "exchange": judgement.exchange,
        "repeat": judgement.curl,
        "replay": judgement.replay and f"idprobe audit --reproduce {judgement.replay}",
    }
    return "\n".join(f"{name}: {sanitise(value)}" for name, value in facts.items() if value)


def _remark(finding: Finding) -> str:
    if finding.deviation is None:
        return f"warning, not counted: {sanitise(finding.because)}"
    until = finding.deviation.until
    expiry = f" (until {until.isoformat()})" if until is not None else ""
    declared = sanitise(finding.deviation.because)
    return f"declared deviation{expiry}: {declared}; seen: {sanitise(finding.because)}"
