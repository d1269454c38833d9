"""What a run leaves on disk, written so that a run killed half-way leaves what it saw.

`run.json` comes first; a probe's exchanges go to `PROBE.part.jsonl` once a second and to
`PROBE.har` when it ends (written aside, synced, renamed); `probes.jsonl` gains a line then.
Everything is redacted before it is written.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.exchange import Exchange, Trace
from idprobe.har import from_har, to_har
from idprobe.redaction import Vault
from idprobe.strict_json import json_text

__all__ = ["OUTCOMES", "UNDER_LOAD", "Evidence", "ProbeOutcome", "Recorded", "read_evidence"]

OUTCOMES: Final = (
    "done",
    "control_failed",
    "no_response",
    "refrained",
    "not_applicable",
    "crashed",
)


UNDER_LOAD: Final = "under_load"
"""The trace of a load run, which is shown to an audit and is no experiment of its own."""


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """How a probe ended: one of OUTCOMES, and why if not `done`."""

    probe: str
    outcome: str
    because: str = ""
    exchanges: int = 0
    elapsed_ns: int = 0
    by_hand: int = 0
    """How often a person was asked to log in or to consent."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Evidence read back: what `run.json` says, the redacted traces, how the probes ended."""

    run: Mapping[str, Any]
    traces: Mapping[str, Trace]
    outcomes: Mapping[str, ProbeOutcome]


class Evidence:
    """An evidence folder while its run goes on."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Make the folder; raises EvidenceError if that fails or if it holds evidence already."""
        self._folder = folder
        self._vault = vault
        self._unwritten: dict[str, list[Exchange]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvidenceError(f"cannot write to {folder}: {error.strerror}") from None
        if any(folder.glob("*.har")):
            raise EvidenceError(f"{folder} holds evidence of another run: name a new --output")

    def begin(self, run: Mapping[str, Any]) -> None:
        """Write `run.json`, and again when more is known of the server."""
        shown = self._vault.scrub_json(json.loads(json_text(run)))
        self._write("run.json", json_text(shown, indent=2))

    def add(self, probe: str, exchange: Exchange) -> None:
        """Keep an exchange of a probe that has not ended yet, for the next `write_parts`."""
        self._unwritten.setdefault(probe, []).append(exchange)

    def write_parts(self) -> None:
        """Write the exchanges that were added since, of probes that have not ended yet."""
        for probe in self.unwritten:
            self.write_part(probe)

    @property
    def unwritten(self) -> tuple[str, ...]:
        """The probes with exchanges that were added since the last part was written."""
        return tuple(self._unwritten)

    def write_part(self, probe: str) -> None:
        """Write the exchanges of one probe that were added since."""
        redacted = self._vault.redact(Trace(probe, tuple(self._unwritten.pop(probe, ()))))
        line = json_text(to_har(redacted))
        with (self._folder / f"{probe}.part.jsonl").open("a", encoding="utf-8") as part:
            part.write(line + "\n")

    def ended(self, probe: str) -> None:
        """Write no more parts of a probe, since `finish` is about to write the whole."""
        self._unwritten.pop(probe, None)

    def finish(self, trace: Trace, outcome: ProbeOutcome) -> None:
        """Write the redacted trace of a probe that has ended, and how it ended."""
        if trace.exchanges or trace.searched:
            self._write(f"{trace.probe}.har", json_text(to_har(trace)))
        with (self._folder / "probes.jsonl").open("a", encoding="utf-8") as probes:
            probes.write(json_text(asdict(outcome)) + "\n")
        (self._folder / f"{trace.probe}.part.jsonl").unlink(missing_ok=True)

    def seal(self, facts: Mapping[str, Any]) -> None:
        """Write `manifest.json`: the SHA-256 of every file, beside the facts given."""
        files = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self._folder.iterdir())
            if path.name != "manifest.json"
        }
        document = {**facts, "sha256": files}
        self._write("manifest.json", json.dumps(document, indent=2, ensure_ascii=False))

    def _write(self, name: str, text: str) -> None:
        """Write a file whole or not at all."""
        aside = self._folder / f".{name}.tmp"
        aside.write_text(text, encoding="utf-8")
        aside.replace(self._folder / name)


def read_evidence(folder: Path) -> Recorded:
    """Return the evidence in a folder; raises EvidenceError naming the file that cannot be used.

    A probe with a HAR but no line in `probes.jsonl` had ended when its run was killed between the
    two: nothing is judged by it, since nobody knows how it ended. Exchanges of probes that had not
    ended are not judged.
    """
    run = _read_json(folder / "run.json")
    if not isinstance(run, dict):
        raise EvidenceError(f"{folder / 'run.json'} is not a JSON object")
    traces = {}
    for path in sorted(folder.glob("*.har")):
        trace = from_har(_read_json(path), path.stem)
        if not trace.redacted:
            raise EvidenceError(f"{path} was not redacted, so it was not written by idprobe")
        traces[trace.probe] = trace
    outcomes = {outcome.probe: outcome for outcome in _read_outcomes(folder / "probes.jsonl")}
    for name, trace in traces.items():
        if name not in outcomes:
            because = "the run was killed before it said how this probe ended"
            outcomes[name] = ProbeOutcome(name, "no_response", because, len(trace))
    for part in folder.glob("*.part.jsonl"):
        name = part.name.removesuffix(".part.jsonl")
        because = "the run was killed while this probe was under way"
        outcomes.setdefault(name, ProbeOutcome(name, "no_response", because))
    return Recorded(run, traces, outcomes)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EvidenceError(f"{path} is missing: is this the evidence folder of a run?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path} cannot be read as JSON: {error}") from None


def _read_outcomes(path: Path) -> list[ProbeOutcome]:
    """Return the outcomes; a last line that the kill of a run cut short is left out."""
    if not path.exists():
        return []
    found = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            found.append(ProbeOutcome(**json.loads(line)))
        except (ValueError, TypeError):
            if number == len(lines):
                break
            raise EvidenceError(f"{path}: line {number} is no probe outcome") from None
    return found
