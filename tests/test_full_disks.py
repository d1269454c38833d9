"""A disk that is full, or lost, costs no run what it saw: it is judged, and the rest is told."""

import errno
import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import pytest

from idprobe.evidence.seals import SealState
from idprobe.evidence.store import Evidence, ProbeOutcome, read_evidence
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

CHECK: Final = "cache-control-no-store"
FULL: Final = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
LEAST: Final = 20_000
"""Octets that a file may have: enough for HARs and for most reports, not for report.html."""


def idprobe(*arguments: str, folder: Path, most: int) -> subprocess.CompletedProcess[str]:
    """Run idprobe where no file may grow beyond a size."""
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )


def test_a_report_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    call = ("audit", "reference", "-k", CHECK, "-o", "out")

    done = idprobe(*call, folder=tmp_path, most=300_000)

    out = tmp_path / "out"
    assert done.returncode == 4
    assert "idprobe: out/report.html could not be written (File too large)" in done.stderr
    assert "satisfied" in done.stdout
    record = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert record["exit"] == [0]
    assert record["evidence"]["seal"] == "sealed"
    assert not (out / "report.html").exists()
    assert not list(out.glob(".*.tmp"))
    assert (out / "junit.xml").exists()


def test_evidence_that_cannot_be_written_is_judged_and_told(tmp_path: Path) -> None:
    call = ("audit", "reference", "-k", CHECK, "-o", "out", "--format", "badge")

    done = idprobe(*call, folder=tmp_path, most=LEAST)
    again = idprobe("judge", "out", "-o", "b", "-k", CHECK, folder=tmp_path, most=10**9)

    assert done.returncode == 4
    said = "the evidence is not whole, it could not be written: File too large"
    assert said in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr
    record = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert record["exit"][0] == 4
    assert record["summary"]["satisfied"] > 0
    assert record["evidence"]["seal"] == "unsealed"
    assert again.returncode == 3, again.stdout
    assert "the evidence lacks the exchanges of this probe" in " ".join(again.stdout.split())


def test_nothing_that_can_be_written_ends_with_4_and_the_summary(tmp_path: Path) -> None:
    call = ("audit", "reference", "-k", CHECK, "-o", "out")

    done = idprobe(*call, folder=tmp_path, most=600)

    assert done.returncode == 4
    assert "satisfied" in done.stdout
    assert "out/results.json could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def exchange() -> Exchange:
    request = Request.get("http://127.0.0.1/token")
    return Exchange(request, Response(200), datetime(2026, 1, 1, tzinfo=UTC), 5, "step")


def test_a_line_that_did_not_fit_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault([])
    evidence = Evidence(tmp_path, vault)
    evidence.begin({"profile": {}})
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))
    with monkeypatch.context() as context:
        context.setattr(Path, "open", half_written(Path.open))
        evidence.finish(vault.redact(Trace("second", ())), ProbeOutcome("second", "done"))
    evidence.finish(vault.redact(Trace("third", ())), ProbeOutcome("third", "done"))

    seal = evidence.seal({})

    assert seal.state is SealState.UNSEALED
    assert evidence.failure == "No space left on device"
    assert set(read_evidence(tmp_path).outcomes) == {"first", "third"}


def half_written(original: Any) -> Any:
    """Return Path.open, of whose files a half is written when one appends."""

    def opened(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = original(self, mode, *args, **options)
        return Half(file) if "a" in mode else file

    return opened


class Half:
    """A file on a disk that fills up."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, octets: bytes) -> int:
        written: int = self._file.write(octets[: len(octets) // 2])
        return written


def test_nothing_is_written_after_the_seal(tmp_path: Path) -> None:
    vault = Vault([])
    evidence = Evidence(tmp_path, vault)
    evidence.begin({"profile": {}})
    evidence.seal({})

    evidence.finish(vault.redact(Trace("late", (exchange(),))), ProbeOutcome("late", "done"))

    seal = read_evidence(tmp_path).seal
    assert seal is not None
    assert seal.state is SealState.SEALED
    assert not (tmp_path / "late.har").exists()
