"""report.html: one file that a person reads, prints or mails; it loads nothing from anywhere.

Whatever a server said is made legible and escaped on its way into the page, by the environment and
not by the template's author. The content security policy admits our one style and one script only.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from idprobe.content import content
from idprobe.evidence import ProbeOutcome
from idprobe.exchange import Trace
from idprobe.reports import words
from idprobe.reports.curl import curl_command
from idprobe.reports.legible import clipped, legible
from idprobe.reports.model import Finding, Run, by_area, counts_of, grouped_by_cause
from idprobe.reports.transcript import anchor, body_cap, elapsed, transcript
from idprobe.verdict import Judgement, because_of, name_of

__all__ = ["page_html", "write_page"]

_MAX_TEXT: Final = 2000


def write_page(run: Run, path: Path) -> None:
    """Write report.html."""
    path.write_text(page_html(run), encoding="utf-8", newline="\n")


def page_html(run: Run) -> str:
    """Return the run as a page; the same run gives the same page."""
    findings = run.by_requirement()
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            style=Markup(style),  # noqa: S704 -- our own file, and nothing of a server is in it
            script=Markup(script),  # noqa: S704 -- our own file, and nothing of a server is in it
            policy=_policy(style, script),
            kinds=words.KINDS,
            headline=words.headline(run),
            counts=counts_of(findings),
            areas=by_area(findings),
            open=[finding for finding in findings if finding.is_open],
            declared=[finding for finding in findings if finding.deviation is not None],
            faults=_causes(findings, "harness_fault"),
            inconclusive=_causes(findings, "inconclusive"),
            not_applicable=_causes(findings, "not_applicable"),
            satisfied=[finding for finding in findings if finding.name == "satisfied"],
            probes=_probes(run),
            cap=body_cap(run.traces.values()),
            links=_links(run),
        )
    )


def _causes(findings: tuple[Finding, ...], name: str) -> dict[str, tuple[Finding, ...]]:
    return grouped_by_cause(finding for finding in findings if finding.name == name)


def _probes(run: Run) -> list[tuple[ProbeOutcome, Trace | None]]:
    """Return every probe with its trace: those that went wrong first, then by name."""
    outcomes = {
        name: ProbeOutcome(name, "done", exchanges=len(trace)) for name, trace in run.traces.items()
    } | dict(run.probes)
    ordered = sorted(outcomes, key=lambda name: (_calm(outcomes[name]), name))
    return [(outcomes[name], run.traces.get(name)) for name in ordered]


def _calm(outcome: ProbeOutcome) -> bool:
    return outcome.outcome in {"done", "not_applicable"}


def _links(run: Run) -> dict[str, str]:
    """Return the fragment of each exchange that a judgement can name as PROBE#INDEX."""
    return {
        f"{name}#{index}": anchor(name, index)
        for name, trace in run.traces.items()
        for index in range(len(trace))
    }


def _asset(name: str) -> str:
    return content("reports", "templates", name).read_text(encoding="utf-8").strip()


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(content("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"elapsed": elapsed, "short": _short}
    environment.globals |= {
        "because_of": because_of,
        "name_of": name_of,
        "meaning": words.meaning,
        "plural": words.plural,
        "transcript": transcript,
        "anchor": anchor,
        "repeat": _repeat,
    }
    return environment


def _finalized(value: Any) -> Any:
    """Return what an expression of the template prints, with nothing unseen in it."""
    return legible(value, lines=True) if type(value) is str else value


def _short(text: str) -> str:
    return clipped(text, _MAX_TEXT)


def _repeat(run: Run, judgement: Judgement) -> str:
    """Return the command that repeats what decided, empty if nobody knows which exchange did."""
    if judgement.curl:
        return judgement.curl
    probe, _, index = judgement.exchange.rpartition("#")
    trace = run.traces.get(probe)
    if trace is None or not index.isdecimal() or int(index) >= len(trace):
        return ""
    return curl_command(trace.exchanges[int(index)].request)
