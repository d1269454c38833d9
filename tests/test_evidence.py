import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.evidence.store import Evidence, ProbeOutcome, read_evidence
from idprobe.model.exchange import Exchange, Request, Response, parse_json
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

SECRET: Final = "a-secret-of-the-profile"


def exchange(body: bytes = b"") -> Exchange:
    request = Request.post_form("http://127.0.0.1/token", [("client_secret", SECRET)])
    return Exchange(request, Response(200, (), body), datetime(2026, 1, 1, tzinfo=UTC), 5, "step")


def begun(folder: Path) -> tuple[Evidence, Vault]:
    vault = Vault([("client_secret", SECRET)])
    evidence = Evidence(folder, vault)
    evidence.begin({"issuer": "http://127.0.0.1", "note": SECRET})
    return evidence, vault


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_evidence_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    trace = vault.redact(Trace("probe", (exchange(),)))

    evidence.finish(trace, ProbeOutcome("probe", "done", "", 1, 5))
    recorded = read_evidence(tmp_path)

    assert recorded.traces == {"probe": trace}
    assert recorded.outcomes == {"probe": ProbeOutcome("probe", "done", "", 1, 5)}
    assert recorded.run["issuer"] == "http://127.0.0.1"


def test_no_file_of_the_evidence_has_a_secret(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)

    evidence.add("other", exchange(SECRET.encode()))
    evidence.write_parts()
    evidence.finish(vault.redact(Trace("probe", (exchange(),))), ProbeOutcome("probe", "done"))
    evidence.seal({"tool": "1"})

    assert SECRET.encode() not in all_bytes(tmp_path)


def test_a_run_killed_in_mid_probe_leaves_the_finished_ones_readable(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))
    evidence.add("second", exchange())
    evidence.write_parts()

    recorded = read_evidence(tmp_path)

    assert recorded.outcomes["first"].outcome == "done"
    assert recorded.outcomes["second"].outcome == "no_response"
    assert "second" not in recorded.traces


def test_what_a_probe_saw_is_written_once_and_gone_when_it_has_ended(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    part = tmp_path / "probe.part.jsonl"
    evidence.add("probe", exchange())
    evidence.write_parts()
    evidence.write_parts()
    lines = part.read_text().splitlines()
    evidence.add("probe", exchange())

    evidence.ended("probe")
    evidence.finish(vault.redact(Trace("probe", (exchange(),))), ProbeOutcome("probe", "done"))
    evidence.write_parts()

    assert len(lines) == 1
    assert not part.exists()


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))
    with (tmp_path / "probes.jsonl").open("a", encoding="utf-8") as probes:
        probes.write('{"probe": "sec')

    assert set(read_evidence(tmp_path).outcomes) == {"first"}


def test_a_trace_without_its_outcome_is_no_fault_of_ours(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))
    (tmp_path / "probes.jsonl").unlink()

    assert read_evidence(tmp_path).outcomes["first"].outcome == "no_response"


def test_a_folder_with_evidence_of_another_run_is_refused(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))

    with pytest.raises(EvidenceError, match="another run"):
        Evidence(tmp_path, vault)


def test_a_folder_that_is_no_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"run\.json is missing"):
        read_evidence(tmp_path)


def test_a_trace_that_was_not_redacted_is_refused(tmp_path: Path) -> None:
    begun(tmp_path)
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": []}}), encoding="utf-8")

    with pytest.raises(EvidenceError, match="not redacted"):
        read_evidence(tmp_path)


def test_the_manifest_names_every_file_by_its_hash(tmp_path: Path) -> None:
    evidence, vault = begun(tmp_path)
    evidence.finish(vault.redact(Trace("first", (exchange(),))), ProbeOutcome("first", "done"))

    evidence.seal({"tool": "1"})

    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["sha256"]) == {"run.json", "probes.jsonl", "first.har"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("run.json", "[]", r"run\.json is not a JSON object"),
        ("probes.jsonl", '{"probe": "first"\n{"probe": "second"}\n', "line 1 is no probe outcome"),
        ("probes.jsonl", '{"what": "first"}\n{"probe": "second"}\n', "line 1 is no probe outcome"),
    ],
)
def test_evidence_that_somebody_changed_is_named_and_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    begun(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(EvidenceError, match=said):
        read_evidence(tmp_path)


@pytest.mark.parametrize(
    "read",
    [lambda trace: trace.last, lambda trace: trace.started_at, lambda trace: trace.landing],
    ids=["last", "started_at", "landing"],
)
def test_an_empty_trace_is_no_evidence(read: Callable[[Trace], object]) -> None:
    with pytest.raises(EvidenceError, match=r"the trace of seen is empty|redirect_uri in seen"):
        read(Trace("seen", ()))


def test_json_may_be_wide_but_not_deep() -> None:
    wide = b'[{"a": [1]}' + b', {"a": [1]}' * 99 + b"]"

    assert len(parse_json(wide)) == 100
    with pytest.raises(EvidenceError, match="nests deeper than 64 levels"):
        parse_json(b"[" * 65 + b"]" * 65)
