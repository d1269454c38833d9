"""Read the recordings that were written by hand, from what specifications say, not from a server.

A file of `fixtures/recorded/by-hand` says which probe it would be of, which requirements its
exchanges violate, satisfy or leave open, and because of which text; then come the exchanges as they
would go over the wire, each after the name of its step (`PROBE: STEP` for one of another probe).
`{{jwt HEADER CLAIMS}}` stands for a token.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.evidence.store import ProbeOutcome, Recorded
from idprobe.flows.landing import landing_at
from idprobe.judge.collect import all_checks, judged
from idprobe.model.exchange import Exchange, Headers, Request, Response
from idprobe.model.profile import Profile, load_profile
from idprobe.model.trace import Trace
from idprobe.model.verdict import name_of
from idprobe.redaction import Vault

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "recorded" / "by-hand"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.http"))
BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)
JWT: Final = re.compile(r"\{\{jwt (\{.*?\}) (\{.*?\})\}\}")


@dataclass(frozen=True)
class ByHand:
    """A recording, and what is to be found in it, by requirement."""

    traces: tuple[Trace, ...]
    expected: Mapping[str, str]
    because: str


def read(name: str) -> ByHand:
    """Return a recording by its name; raises ValueError where the file is not of the form."""
    text = JWT.sub(_token, (FOLDER / f"{name}.http").read_text(encoding="utf-8"))
    head, *steps = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)
    said = dict(line.split(": ", 1) for line in head.strip().splitlines())
    expected = {
        one: verdict
        for verdict in ("violated", "satisfied", "inconclusive")
        for one in said.get(verdict, "").split()
    }
    seen: dict[str, list[Exchange]] = {}
    for number, (place, exchanged) in enumerate(zip(steps[::2], steps[1::2], strict=True)):
        probe, _, step = place.rpartition(": ")
        seen.setdefault(probe or said["probe"], []).append(_exchange(number, step, exchanged))
    traces = tuple(Trace(probe, tuple(exchanges)) for probe, exchanges in seen.items())
    return ByHand(traces, expected, said["because"])


def found(recording: ByHand) -> Mapping[str, set[str]]:
    """Judge a recording by the checks that need nothing else; return verdicts by requirement."""
    verdicts: dict[str, set[str]] = {}
    for one in audited(recording).judgements:
        verdicts.setdefault(one.requirement.id, set()).add(name_of(one.verdict))
    return verdicts


def audited(recording: ByHand) -> Audit:
    """Judge a recording by the checks that need nothing else; return the audit."""
    vault = Vault()
    traces = {trace.probe: vault.redact(trace) for trace in recording.traces}
    outcomes = {name: ProbeOutcome(name, "done", "", len(trace)) for name, trace in traces.items()}
    metadata = json.loads((FOLDER / "metadata.json").read_text(encoding="utf-8"))
    run = {"metadata": metadata, "observed": {}, "depth": "quick", "safety": "normal", "seed": 0}
    audit = Audit(_server(), Options(Path()), recorded=Recorded(run, traces, outcomes))
    judged(audit, [check for check in all_checks() if {*check.probes} == {*traces}])
    return audit


@cache
def _server() -> Profile:
    return load_profile(FOLDER / "server.toml", {})


def _token(parts: re.Match[str]) -> str:
    """Return a JWT; its signature is made up, and empty for the algorithm none."""
    header, claims = (
        base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts.groups()
    )
    signature = "" if json.loads(parts[1])["alg"] == "none" else "bm90LWEtc2lnbmF0dXJl"
    return f"{header}.{claims}.{signature}"


def _exchange(number: int, step: str, text: str) -> Exchange:
    asked, status, answered = re.split(r"^HTTP/1\.1 (\d{3}).*\n", text, flags=re.MULTILINE)
    line, _, rest = asked.partition("\n")
    method, target, _ = line.split(" ")
    request = Request(method, _server().issuer, target.encode(), *_message(rest))
    response = Response(int(status), *_message(answered))
    uris = [uri for client in _server().clients.values() for uri in client.redirect_uris]
    landing = landing_at(response.header("location") or "", uris)
    begun = BEGUN + timedelta(seconds=number)
    return Exchange(request, response, begun, 1_000_000, step, landing=landing)


def _message(text: str) -> tuple[Headers, bytes]:
    head, _, body = text.partition("\n\n")
    pairs = (line.split(": ", 1) for line in head.strip().splitlines())
    return tuple((name, value) for name, value in pairs), body.strip().encode()
