"""What a run leaves on disk, written so that a run killed half-way leaves what it saw.

`run.json` comes first; a probe's exchanges go to `PROBE.part.jsonl` once a second and to
`PROBE.har` when it ends (written aside, renamed); `probes.jsonl` gains a line then; `manifest.json`
comes last and seals the rest. Everything is redacted before it is written.

A disk that is full costs no run what it saw: what could not be written is told, and judged.
"""

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from idprobe.errors import EvidenceError
from idprobe.evidence.har import from_har, to_har
from idprobe.evidence.seals import (
    MANIFEST,
    PART,
    SIGNATURE,
    Seal,
    SealState,
    digests_of,
    octets_of,
    seal_of,
)
from idprobe.evidence.signatures import check_signature, key_id
from idprobe.formats.strict_json import json_text
from idprobe.formats.typed import misfit
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

__all__ = [
    "UNDER_LOAD",
    "Evidence",
    "ProbeEnd",
    "ProbeOutcome",
    "Recorded",
    "read_evidence",
]

ProbeEnd = Literal[
    "done", "control_failed", "no_response", "refrained", "not_applicable", "crashed"
]
"""How a probe can end."""


DEPTHS: Final = ("quick", "full", "deep")
SAFETIES: Final = ("normal", "passive", "intrusive")
Table = Mapping[str, Any]

UNDER_LOAD: Final = "under_load"
"""The trace of a load run, which is shown to an audit and is no experiment of its own."""


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """How a probe ended, and why if not `done`."""

    probe: str
    outcome: ProbeEnd
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
    seal: Seal | None = None
    """How it stands to its manifest; None for what was never in a folder."""


class Evidence:
    """An evidence folder while its run goes on."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Make the folder; raises EvidenceError if that fails or if it holds evidence already."""
        self._folder = folder
        self._vault = vault
        self._unwritten: dict[str, list[Exchange]] = {}
        self._writing = threading.RLock()
        self._is_sealed = False
        self.failure: str | None = None
        """Why something could not be written, the first time."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = any(_is_evidence(path.name) for path in folder.iterdir())
        except OSError as error:
            raise EvidenceError(f"cannot write to {folder}: {error.strerror}") from None
        if taken:
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
        self._append(f"{probe}{PART}", json_text(to_har(redacted)))

    def ended(self, probe: str) -> None:
        """Write no more parts of a probe, since `finish` is about to write the whole."""
        self._unwritten.pop(probe, None)

    def finish(self, trace: Trace, outcome: ProbeOutcome) -> None:
        """Write the redacted trace of a probe that has ended, and how it ended."""
        if trace.exchanges or trace.searched:
            self._write(f"{trace.probe}.har", json_text(to_har(trace)))
        self._append("probes.jsonl", json_text(asdict(outcome)))
        with self._writing, self._failing():
            if not self._is_sealed:
                (self._folder / f"{trace.probe}{PART}").unlink(missing_ok=True)

    def seal(self, facts: Mapping[str, Any], key: Ed25519PrivateKey | None = None) -> Seal:
        """Write `manifest.json`, the SHA-256 of every file beside the facts given; nothing after.

        With a key, its signature over the manifest is put beside it. Evidence that lacks something
        stays without a seal.
        """
        with self._writing:
            if self.failure is None:
                with self._failing():
                    document = {**facts, "sha256": digests_of(octets_of(self._folder))}
                    manifest = json_text(document, indent=2).encode()
                    if key is not None:
                        self._write(SIGNATURE, key.sign(manifest))
                    self._write(MANIFEST, manifest)
            self._is_sealed = True
        if self.failure is not None:
            return Seal(SealState.UNSEALED)
        return Seal(SealState.SEALED, signed_by=None if key is None else key_id(key.public_key()))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Take down what the system refuses: the run goes on, and says so in the end."""
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error.strerror or type(error).__name__
        except EvidenceError as error:  # somebody else put something into the folder
            self.failure = self.failure or str(error)

    def _write(self, name: str, content: str | bytes) -> None:
        """Write a file whole or not at all."""
        aside = self._folder / f".{name}.tmp"
        with self._writing, self._failing():
            if self._is_sealed:
                return
            try:
                aside.write_bytes(content if isinstance(content, bytes) else content.encode())
                aside.replace(self._folder / name)
            except OSError:
                aside.unlink(missing_ok=True)
                raise

    def _append(self, name: str, line: str) -> None:
        """Add a line to a file, whole or not at all."""
        with self._writing, self._failing():
            if self._is_sealed:
                return
            with (self._folder / name).open("ab", buffering=0) as file:
                before, octets = file.tell(), f"{line}\n".encode()
                try:
                    whole = file.write(octets) == len(octets)
                except OSError:
                    file.truncate(before)
                    raise
                if not whole:
                    file.truncate(before)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_evidence(name: str) -> bool:
    return name.endswith((".har", PART)) or name in {"run.json", "probes.jsonl", MANIFEST}


def read_evidence(
    folder: Path, *, unsealed: bool = False, signed_by: Ed25519PublicKey | None = None
) -> Recorded:
    """Return the evidence in a folder; raises EvidenceError naming the file that cannot be used.

    What does not fit its manifest is refused, unless `unsealed` says to read it all the same; with
    a key, what that key did not sign, as well. A run that was killed has left no manifest.
    A probe with a HAR but no line in `probes.jsonl` had ended when its run was killed between the
    two: nothing is judged by it, since nobody knows how it ended. Exchanges of probes that had not
    ended are not judged.
    """
    files = octets_of(folder)
    seal = seal_of(files)
    if signed_by is not None:
        seal = replace(seal, signed_by=check_signature(files, signed_by))
    if seal.state is SealState.BROKEN and not unsealed:
        raise EvidenceError(
            f"{folder} is not as it was sealed: {seal.shown_flaws}; --unsealed judges it all the "
            f"same, and says so in every report"
        )
    if "run.json" not in files:
        raise EvidenceError(
            f"{folder / 'run.json'} is missing: is this the evidence folder of a run? A run that "
            f"was stopped before it knew its server leaves nothing to judge"
        )
    run = _run(folder / "run.json", files["run.json"])
    traces = dict(_traces(folder, files))
    said = _outcomes(folder / "probes.jsonl", files.get("probes.jsonl", b""))
    outcomes = {outcome.probe: outcome for outcome in said}
    for name, trace in traces.items():
        if name not in outcomes:
            because = "the run was killed before it said how this probe ended"
            outcomes[name] = ProbeOutcome(name, "no_response", because, len(trace))
    for name in (one.removesuffix(PART) for one in files if one.endswith(PART)):
        because = "the run was killed while this probe was under way"
        outcomes.setdefault(name, ProbeOutcome(name, "no_response", because))
    for name, outcome in outcomes.items():
        if outcome.outcome == "done" and name not in traces:
            because = "the evidence lacks the exchanges of this probe"
            outcomes[name] = replace(outcome, outcome="no_response", because=because)
    return Recorded(run, traces, outcomes, seal)


def _run(path: Path, octets: bytes) -> Mapping[str, Any]:
    """Return what `run.json` says; raises EvidenceError where it cannot be of a run."""
    run = _json(path, octets)
    if not isinstance(run, dict):
        raise EvidenceError(f"{path} is not a JSON object")
    kinds = {"profile": Table, "metadata": Table, "observed": Mapping[str, str]}
    for name, kind in kinds.items():
        wrong = misfit(run.get(name, {}), kind)
        if wrong is not None:
            raise EvidenceError(f"{path}: {name}{'' if wrong[0] == ':' else '.'}{wrong}")
    for name, known in (("depth", DEPTHS), ("safety", SAFETIES)):
        if run.get(name, known[0]) not in known:
            raise EvidenceError(f"{path}: {name}: must be one of {', '.join(known)}")
    return run


def _traces(folder: Path, files: Mapping[str, bytes]) -> Iterator[tuple[str, Trace]]:
    for name, octets in files.items():
        if not name.endswith(".har"):
            continue
        path, probe = folder / name, name.removesuffix(".har")
        try:
            trace = from_har(_json(path, octets), probe)
        except EvidenceError as error:
            raise EvidenceError(f"{path}: {error}") from None
        if not trace.redacted:
            raise EvidenceError(f"{path} was not redacted, so it was not written by idprobe")
        if trace.probe != probe:
            raise EvidenceError(f"{path} is of another probe, {trace.probe!r:.80}: rename it back")
        yield probe, trace


def _json(path: Path, octets: bytes) -> Any:
    try:
        return json.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{path} cannot be read as JSON: {error!s:.120}") from None


def _outcomes(path: Path, octets: bytes) -> list[ProbeOutcome]:
    """Return the outcomes; a last line that the kill of a run cut short is left out."""
    found = []
    for number, line in enumerate(octets.splitlines(keepends=True), start=1):
        try:
            outcome = ProbeOutcome(**json.loads(line.decode("utf-8")))
        except (ValueError, TypeError, RecursionError):
            if not line.endswith(b"\n"):
                break
            raise EvidenceError(f"{path}: line {number} is no probe outcome") from None
        wrong = misfit(outcome, ProbeOutcome)
        if wrong is not None:
            raise EvidenceError(f"{path}: line {number} is no probe outcome: {wrong}")
        found.append(outcome)
    return found
