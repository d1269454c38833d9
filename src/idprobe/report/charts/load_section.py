"""The load section of a report: what a load.json says, which judges nothing here.

What its answers were held to is evidence for checks (see idprobe.load.run.load_trace).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.formats.schemas import validate
from idprobe.load.measure.histogram import Histogram
from idprobe.load.schedule.ramp import Step, shown_ramp
from idprobe.report.charts.load_charts import load_charts
from idprobe.report.charts.plot import Chart

__all__ = ["FILE", "LoadSection", "load_in", "load_section", "read_load"]

FILE: Final = "load.json"
MAX_BYTES: Final = 16_000_000
_TIMES: Final = ("p50", "p90", "p95", "p99", "p99.9", "p99.99", "max")


@dataclass(frozen=True, slots=True)
class LoadSection:
    """A load run as the report shows it; `verdict` is one word, `times` are rows of the table."""

    verdict: str
    because: str
    facts: Mapping[str, str]
    times: tuple[tuple[str, float | None, float | None], ...]
    budget: tuple[tuple[str, str, bool], ...]
    drift: tuple[Mapping[str, Any], ...]
    troubles: Mapping[str, int]
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]


def load_in(path: Path) -> Path:
    """Return the load.json of a results folder, or the file itself."""
    return path / FILE if path.is_dir() else path


def read_load(path: Path) -> dict[str, Any]:
    """Return the load results in a file; raises EvidenceError naming the file and what is wrong."""
    try:
        document = json.loads(_octets_of(path))
        validate(document, "load")
        Histogram.from_dict(document["latency"]["histogram"])
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise EvidenceError(f"{path}: is not JSON; give a load.json of idprobe") from None
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from None
    found: dict[str, Any] = document
    return found


def _octets_of(path: Path) -> bytes:
    with path.open("rb") as file:
        octets = file.read(MAX_BYTES + 1)
    if len(octets) > MAX_BYTES:
        raise EvidenceError(f"is larger than {MAX_BYTES // 10**6} MB: no load run of ours is")
    return octets


def load_section(load: Mapping[str, Any], target: str, issuer: str) -> LoadSection:
    """Return what the report says of a load run; the audit was of that target, at that issuer."""
    verdict, because = _verdict(load)
    latency, service = load["latency"], load["service"]
    return LoadSection(
        verdict,
        because,
        dict(_facts(load)),
        tuple((name, latency[name], service[name]) for name in _TIMES),
        tuple((one["clause"], _measured(one), one["held"]) for one in load["budget"]),
        tuple(load.get("drift", ())),
        {**load["findings"], **load["errors"]["kinds"], **load["warnings"]},
        (*_of_another(load, target, issuer), *(one for one in load["notes"] if one not in because)),
        load_charts(load),
    )


def _verdict(load: Mapping[str, Any]) -> tuple[str, str]:
    if load["unusable"] is not None:
        return "inconclusive", f"no load was sent: {load['unusable']}"
    if load["findings"]:
        return "violated", "answers were wrong under load"
    if load["void"] is not None:
        return "inconclusive", f"the run is void: {load['void']}"
    if load.get("stopped") is not None:
        return "violated", load["stopped"]
    if all(one["held"] for one in load["budget"]):
        return "satisfied", "within budget"
    told = load["errors"].get("told")
    return "violated", "the budget was not kept" + ("" if told is None else f": {told}")


def _facts(load: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    plan, rate, count = load["plan"], load["rate"], load["iterations"]
    seconds = plan["duration_s"]
    if plan["kind"] == "open":
        ramp = [Step(**step) for step in plan.get("course", ())]
        flat = Step(plan["rate_per_s"], plan["rate_per_s"], seconds)
        offered = f"{shown_ramp(ramp or [flat])} ({plan['spacing']})"
    else:
        offered = f"{plan['users']} users in a closed loop for {seconds:g} s"
    yield "Scenario", load["scenario"]
    yield "When", load["started_at"][:16].replace("T", " ")
    yield "Offered", offered
    yield "Achieved", f"{rate['achieved_per_s']:.1f}/s"
    yield "Iterations", f"{count['succeeded'] + count['failed']} ({count['failed']} failed)"
    yield "Requests", f"{load['requests']} by {load['connections']} callers"


def _measured(one: Mapping[str, Any]) -> str:
    actual = one["actual"]
    if actual is None:
        return "not known"
    if one["clause"].startswith("errors"):
        return f"{actual:.3%}"
    return f"{actual:.1f}/s" if one["clause"].startswith("rate") else f"{actual:.3g} ms"


def _of_another(load: Mapping[str, Any], target: str, issuer: str) -> Iterator[str]:
    """Yield that the figures are not of this server; the embedded one has a new port each time."""
    loaded = load["target"]
    if loaded["name"] != target and loaded["issuer"].rstrip("/") != issuer.rstrip("/"):
        yield f"these figures are of {loaded['issuer']}, not of the server of this audit"
