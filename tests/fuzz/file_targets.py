"""Files that somebody else may have written: profiles, recordings, results, what we owe."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from tests.fuzz.inputs import ISSUER, PROFILE, parts, value, written

from idprobe.cli.diff import _lines
from idprobe.cli.explain import _story
from idprobe.cli.load_diff import _unlike, _wrong_now, loads_in
from idprobe.errors import EvidenceError, ProfileError, UsageError
from idprobe.evidence.har import from_har, to_har
from idprobe.evidence.ledger import Ledger, Owed
from idprobe.evidence.store import read_evidence
from idprobe.findings.differences import differences, is_same_build, unlike
from idprobe.findings.gate import check_comparable, coverage_regressions, judged_in
from idprobe.judge.weigh import FailOn
from idprobe.load.search.comparing import comparisons
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import consent_missing
from idprobe.model.profile.capability import Capability, missing_because
from idprobe.model.profile.loading import load_profile
from idprobe.report.charts.load_section import load_section, read_load
from idprobe.report.comparison import compared, comparison_html, comparison_json
from idprobe.report.curl import curl_command
from idprobe.report.record import read_results
from idprobe.report.transcript import transcript
from idprobe.setup.registering import _told

__all__ = ["evidence", "har", "ledger", "load_results", "profile", "results"]

ENVIRON: Final[Mapping[str, str]] = {"SECRET": "s3cret", "LIST": '["https://app.example/"]'}
TODAY: Final = date(2027, 3, 1)
CAP: Final = 2000


@contextlib.contextmanager
def _folder(files: dict[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield written(Path(folder), files)


def profile(data: bytes) -> None:
    """Load a profile: it can be used, or an error names the place."""
    with _folder({"one.toml": data}) as folder, contextlib.suppress(ProfileError):
        found = load_profile(folder / "one.toml", ENVIRON)
        repr(found)
        found.secrets()
        assert isinstance(found.allowed_origins, frozenset)
        consent_missing(found, TODAY, frozenset({"id.example"}))
        for capability in Capability:
            missing_because(capability, found, {}, {})


def har(data: bytes) -> None:
    """Read a recording that somebody else made, and write and show it again."""
    try:
        document = value(data)
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(EvidenceError):
        trace = from_har(document)
        assert from_har(json.loads(json.dumps(to_har(trace)))) == trace
        transcript(trace, CAP)
        for exchange in trace:
            str(exchange)
            curl_command(exchange.request)


def evidence(data: bytes) -> None:
    """Read the folder of a run."""
    run, first, outcomes = parts(data, 3)
    files = {"run.json": run, "code_redeemed.har": first, "probes.jsonl": outcomes}
    with _folder(files) as folder, contextlib.suppress(EvidenceError):
        found = read_evidence(folder)
        for trace in found.traces.values():
            transcript(trace, CAP)


def results(data: bytes) -> None:
    """Read the results of two audits, and compare them in every way there is."""
    first, second = parts(data, 2)
    with _folder({"old.json": first, "new.json": second or first}) as folder:
        try:
            old, new = read_results(folder / "old.json"), read_results(folder / "new.json")
        except EvidenceError:
            return
    _diff(old, new)
    found = compared([(old, ""), (new, "report.html")])
    json.dumps(comparison_json(found))
    comparison_html(found)
    with contextlib.suppress(UsageError):
        check_comparable(old, "full", "normal")
    judged_in(old)
    catalogue = load_catalogue()
    coverage_regressions(old, (), catalogue, {one.id for one in catalogue}, FailOn.MUST)
    list(_story(new["judgements"]))


def _diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    is_same_build(old, new)
    list(_lines(differences(old, new), unlike(old, new)))


def load_results(data: bytes) -> None:
    """Read the results of two load runs, compare them and show the second."""
    first, second = parts(data, 2)
    with _folder({"old.json": first, "new.json": second or first}) as folder:
        try:
            loads_in(folder / "old.json")
            old, new = read_load(folder / "old.json"), read_load(folder / "new.json")
        except EvidenceError:
            return
    for one in comparisons([old], [new]):
        json.dumps(one.to_dict())
        assert one.verdict
    _wrong_now([old], [new])
    _unlike([old], [new])
    load_section(new, PROFILE.name, ISSUER)


def ledger(data: bytes) -> None:
    """Read what we owe, when somebody has been at the files."""
    with _folder({"strange.json": data}) as folder:
        kept = Ledger(folder)
        kept.keep(Owed(ISSUER, "web-1"))
        found = kept.owed()
        assert any(one.client_id == "web-1" for one in found)
        for one in found:
            kept.keep(one)
            assert one.may_be_in_use in {True, False}
            assert one.can_be_deleted in {True, False}
            json.dumps(_told(one, "it is here"))
        kept.left_by_us(ISSUER)
