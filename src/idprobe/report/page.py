"""report.html: one file that a person reads, prints or mails; it loads nothing from anywhere.

Whatever a server said is sanitised and escaped on its way into the page, by the environment and
not by the template's author. The content security policy admits our one style and one script only,
and no script may make markup of text. Exchanges are packed, and shown by that script; what a
finding rests on is there without it.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from idprobe.content import content
from idprobe.evidence.store import ProbeOutcome
from idprobe.findings.run import (
    Finding,
    NotTested,
    Run,
    by_area,
    by_area_and_family,
    counts_of,
    grouped_by_cause,
)
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.model.exchange import Sender
from idprobe.model.trace import Trace
from idprobe.model.verdict import Judgement, because_of, name_of
from idprobe.report import words
from idprobe.report.ability import abilities
from idprobe.report.charts.load_section import load_section
from idprobe.report.charts.plot import drawn
from idprobe.report.charts.timing import timings
from idprobe.report.compressed_exchanges import BUDGET, packed
from idprobe.report.curl import curl_command
from idprobe.report.transcript import Shown, anchor, elapsed, transcript

__all__ = ["asset", "environment", "page_html", "policy_of", "write_page"]

MAX_PAGE: Final = 1_450_000
"""Bytes that a page should not exceed, so that any mail server takes it."""
_PLACE: Final = '<template id="packed"></template>'
_MAX_TEXT: Final = 2000
_MAX_STORIES: Final = 40
"""So many findings show their exchanges without a script; those beyond lead to the packed ones."""
_STORY_BYTES: Final = 1500
_MAX_STEPS: Final = 24


def write_page(run: Run, path: Path) -> None:
    """Write report.html."""
    path.write_text(page_html(run), encoding="utf-8", newline="\n")


def page_html(run: Run) -> str:
    """Return the run as a page; the same run gives the same page."""
    findings = run.by_requirement()
    style, script = asset("report.css"), asset("report.js")
    probes = _probes(run)
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            style=Markup(style),  # noqa: S704 -- our own file, and nothing of a server is in it
            script=Markup(script),  # noqa: S704 -- our own file, and nothing of a server is in it
            policy=policy_of(style, script),
            kinds=words.KINDS,
            headline=words.headline(run),
            counts=counts_of(findings),
            areas=by_area(findings),
            matrix=by_area_and_family(findings),
            families=sorted({str(finding.requirement.family) for finding in findings}),
            open=[finding for finding in findings if finding.is_open],
            declared=[finding for finding in findings if finding.deviation is not None],
            faults=_causes(findings, "harness_fault"),
            inconclusive=_causes(findings, "inconclusive"),
            not_applicable=_causes(findings, "not_applicable"),
            satisfied=[finding for finding in findings if finding.name == "satisfied"],
            untested=_untested(run.untested),
            probes=probes,
            abilities=abilities(run.traces.values(), run.metadata, run.endpoints),
            load=None if run.load is None else load_section(run.load, run.target, run.issuer),
            timings=timings(run.traces.values(), run.endpoints),
            configuration=json.dumps(run.configuration, indent=2, ensure_ascii=False),
            links=_links(run),
            stories=_MAX_STORIES,
        )
    )
    return _with_exchanges(page, probes)


def _with_exchanges(page: str, probes: list[tuple[ProbeOutcome, Trace | None]]) -> str:
    """Return the page with as much of the exchanges in it as there is room for."""
    before, place, after = page.rpartition(_PLACE)
    opening, closing = place.split("><")
    room = MAX_PAGE - len(page.encode())
    return f"{before}{opening}>{packed(probes, min(BUDGET, room))[0]}<{closing}{after}"


def _causes(findings: tuple[Finding, ...], name: str) -> dict[str, tuple[Finding, ...]]:
    return grouped_by_cause(finding for finding in findings if finding.name == name)


def _untested(found: tuple[NotTested, ...]) -> dict[str, list[NotTested]]:
    groups: dict[str, list[NotTested]] = {}
    for one in found:
        groups.setdefault(one.because, []).append(one)
    ordered = sorted(groups, key=lambda because: (-len(groups[because]), because))
    return {because: groups[because] for because in ordered}


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


def asset(name: str) -> str:
    """Return a style or script of ours, as it stands in a page."""
    return content("reports", "templates", name).read_text(encoding="utf-8").strip()


def policy_of(style: str, script: str) -> str:
    """Return the content security policy of a page with one style and one script."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'; trusted-types 'none'; "
        "require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def environment() -> Environment:
    """Return the environment of our templates: everything escaped, nothing undefined passes."""
    found = Environment(
        loader=FileSystemLoader(content("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"elapsed": elapsed, "ms": _milliseconds, "short": _short}
    found.globals |= {
        "because_of": because_of,
        "name_of": name_of,
        "meaning": words.meaning,
        "plural": words.plural,
        "anchor": anchor,
        "repeat": _repeat,
        "story": _story,
        "bars": _bars,
        "drawn": drawn,
    }
    return found


def _finalized(value: Any) -> Any:
    """Return what an expression of the template prints, with nothing unseen in it."""
    return sanitise(value, lines=True) if type(value) is str else value


def _short(text: str) -> str:
    return clipped(text, _MAX_TEXT)


def _milliseconds(value: float) -> str:
    return elapsed(round(value * 1e6))


def _bars(bins: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """Yield place and height, of 20, of each bar of a histogram that is not empty."""
    most = max(bins, default=0)
    for place, number in enumerate(bins):
        if number:
            yield place, round(max(2.0, 20 * number / most), 1)


def _story(run: Run, judgement: Judgement) -> tuple[list[Shown], Shown | None]:
    """Return the exchanges around the one that decided, and that one; ([], None) without one."""
    probe, _, index = judgement.exchange.rpartition("#")
    trace = run.traces.get(probe)
    if trace is None or not index.isdecimal() or int(index) >= len(trace):
        return [], None
    found = transcript(trace, _STORY_BYTES)
    start = max(0, min(int(index) - _MAX_STEPS // 2, len(found) - _MAX_STEPS))
    return list(found[start : start + _MAX_STEPS]), found[int(index)]


def _repeat(run: Run, judgement: Judgement) -> str:
    """Return the command that repeats what decided, empty if nobody knows which exchange did."""
    if judgement.curl:
        again = f"\nidprobe audit --reproduce {judgement.replay}" if judgement.replay else ""
        return judgement.curl + again
    probe, _, index = judgement.exchange.rpartition("#")
    trace = run.traces.get(probe)
    if trace is None or not index.isdecimal() or int(index) >= len(trace):
        return ""
    exchange = trace.exchanges[int(index)]
    return "" if exchange.sender is Sender.SERVER else curl_command(exchange.request)
