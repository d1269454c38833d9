"""Evidence that was tampered with, or never was evidence, is told in one sentence, exit 2."""

import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.errors import EvidenceError, IdprobeError
from idprobe.evidence.archives import packed
from idprobe.evidence.seals import SealState
from idprobe.evidence.store import read_evidence
from idprobe.judge.collect import Check, all_checks, judged

CHECK: Final = "cache-control-no-store"
HAR: Final = "code_redeemed.har"


def idprobe(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(name="run", scope="module")
def run_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results folder of a small run."""
    folder = tmp_path_factory.mktemp("run")
    done = idprobe("audit", "reference", "-k", CHECK, "-o", "out", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(name="evidence")
def evidence_(run: Path, tmp_path: Path) -> Path:
    """Return a copy of its evidence, to be tampered with."""
    shutil.copytree(run / "evidence", tmp_path / "evidence")
    return tmp_path / "evidence"


def edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def changed(folder: Path) -> None:
    with (folder / HAR).open("a", encoding="utf-8") as file:
        file.write(" ")


def removed(folder: Path) -> None:
    (folder / HAR).unlink()


def added(folder: Path) -> None:
    shutil.copy(folder / HAR, folder / "strange.har")


def unreadable(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\x00")


def other_digests(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"sha256": {"run.json": 7}}', encoding="utf-8")


TAMPERED: Final[dict[Callable[[Path], None], str]] = {
    changed: f"{HAR} changed",
    removed: f"{HAR} missing",
    added: "strange.har added",
    unreadable: "manifest.json changed",
    other_digests: "manifest.json changed",
}


def test_a_run_seals_its_evidence_and_says_so(run: Path) -> None:
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))

    assert results["evidence"] == {"seal": "sealed", "flaws": [], "signed_by": None}
    assert read_evidence(run / "evidence").seal is not None


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__)
def test_what_does_not_fit_the_manifest_is_named_and_refused(
    tamper: Callable[[Path], None], evidence: Path
) -> None:
    tamper(evidence)

    with pytest.raises(EvidenceError, match=TAMPERED[tamper]):
        read_evidence(evidence)


def test_tampered_evidence_ends_with_2_and_is_judged_only_with_unsealed(
    evidence: Path, tmp_path: Path
) -> None:
    changed(evidence)

    refused = idprobe("judge", "evidence", "-k", CHECK, "-o", "a", folder=tmp_path)
    judged_ = idprobe("judge", "evidence", "-k", CHECK, "-o", "b", "--unsealed", folder=tmp_path)

    assert refused.returncode == 2
    (sentence,) = refused.stderr.splitlines()
    assert f"{HAR} changed" in sentence
    assert "--unsealed" in sentence
    assert not (tmp_path / "a").exists()
    assert judged_.returncode == 0, judged_.stderr
    assert_every_report_says(tmp_path / "b", judged_.stdout, "not as it was sealed", "broken")


def test_every_report_says_that_evidence_has_no_seal(evidence: Path, tmp_path: Path) -> None:
    (evidence / "manifest.json").unlink()

    done = idprobe("judge", "evidence", "-k", CHECK, "-o", "b", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert_every_report_says(tmp_path / "b", done.stdout, "the evidence is not sealed", "unsealed")


def assert_every_report_says(folder: Path, printed: str, sentence: str, state: str) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["evidence"]["seal"] == state
    assert sentence in " ".join(printed.split())
    for name in ("results.json", "report.html", "summary.md", "junit.xml", "results.sarif"):
        assert sentence in (folder / name).read_text(encoding="utf-8"), name


def test_what_systems_leave_in_folders_breaks_no_seal(evidence: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (evidence / name).write_bytes(b"\x00")

    seal = read_evidence(evidence).seal

    assert seal is not None
    assert seal.state is SealState.SEALED


def test_an_archive_keeps_the_seal(evidence: Path, tmp_path: Path) -> None:
    packed(evidence, tmp_path / "evidence.tar.xz")
    changed(evidence)
    packed(evidence, tmp_path / "tampered.tar.xz")

    sound = idprobe("judge", "evidence.tar.xz", "-k", CHECK, "-o", "a", folder=tmp_path)
    refused = idprobe("judge", "tampered.tar.xz", "-k", CHECK, "-o", "b", folder=tmp_path)

    assert sound.returncode == 0, sound.stderr
    assert refused.returncode == 2
    assert f"{HAR} changed" in refused.stderr


def member(*path: str | int, value: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for one in path[:-1]:
            document = document[one]
        document[path[-1]] = value

    return change


ENTRY: Final = ("log", "entries", 0)
WRONG: Final = {
    "run-list": ("run.json", lambda run: run.clear(), "lacks the profile"),
    "run-depth": ("run.json", member("depth", value="abyss"), "depth: must be one of quick"),
    "run-depth-list": ("run.json", member("depth", value=[]), "depth: must be one of quick"),
    "run-metadata": ("run.json", member("metadata", value=7), "metadata: must be an object"),
    "run-observed": ("run.json", member("observed", value={"a": 1}), "observed.a: must be text"),
    "run-profile": ("run.json", member("profile", "issuer", value=7), "issuer: must be text"),
    "run-limits": ("run.json", member("profile", "limits", "exchange_s", value="x"), "exchange_s"),
    "har-probe": (HAR, member("log", "_idprobe", "probe", value="../x"), "is of another probe"),
    "har-entries": (HAR, member("log", "entries", value=7), "of a wrong kind"),
    "har-status": (HAR, member(*ENTRY, "response", "status", value="200"), "response.status"),
    "har-huge": (HAR, member(*ENTRY, "_idprobe", "elapsed_ns", value=10**40), "a time of more"),
    "har-year": (HAR, member(*ENTRY, "startedDateTime", value="0001-01-01T00:00:00+23:00"), "HAR"),
    "har-base64": (
        HAR,
        member(*ENTRY, "_idprobe", "body", value={"text": "%", "encoding": "base64"}),
        "not base64",
    ),
    "har-header": (HAR, member(*ENTRY, "request", "headers", value=[{"name": 1}]), "lacks a"),
    "har-found": (HAR, member("log", "_idprobe", "searched", value={"found": [{}]}), "lacks a"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_of_a_wrong_kind_is_named(case: str, evidence: Path) -> None:
    name, change, said = WRONG[case]
    edit(evidence / name, change)

    with pytest.raises(EvidenceError, match=said):
        recorded_profile(read_evidence(evidence, unsealed=True))


@pytest.mark.parametrize(
    "line",
    [
        b"7\n",
        b'{"probe": 7, "outcome": "done"}\n',
        b'{"probe": "a", "outcome": "won"}\n',
        b"\xff\n",
    ],
    ids=["number", "name", "word", "octets"],
)
def test_a_line_that_is_no_outcome_is_named(line: bytes, evidence: Path) -> None:
    path = evidence / "probes.jsonl"
    path.write_bytes(line + path.read_bytes())

    with pytest.raises(EvidenceError, match="line 1 is no probe outcome"):
        read_evidence(evidence, unsealed=True)


def a_link(folder: Path) -> None:
    (folder / "linked.har").symlink_to("/dev/zero")


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "piped.har")


def a_folder(folder: Path) -> None:
    (folder / "folder.har").mkdir()


@pytest.mark.parametrize("make", [a_link, a_pipe, a_folder])
def test_what_is_no_plain_file_is_not_opened(make: Callable[[Path], None], evidence: Path) -> None:
    make(evidence)

    with pytest.raises(EvidenceError, match="is no plain file"):
        read_evidence(evidence, unsealed=True)


def test_an_archive_cut_short_or_of_garbage_is_told(tmp_path: Path, evidence: Path) -> None:
    packed(evidence, tmp_path / "whole.tar.xz")
    whole = (tmp_path / "whole.tar.xz").read_bytes()
    (tmp_path / "cut.tar.xz").write_bytes(whole[: len(whole) // 2])
    with tarfile.open(tmp_path / "plain.tar", "w") as tar:
        tar.add(evidence / HAR, HAR)

    for name in ("cut.tar.xz", "plain.tar"):
        done = idprobe("judge", name, "-o", "out", folder=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


OTHER_KINDS: Final[tuple[Any, ...]] = (
    *(None, True, 7, -1.5, 10**300, "", "é", "x" * 99),
    *([], {}, [[]], {"a": {}}),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container of a document with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(pairs) if isinstance(value, dict | list) else ():
        yield value, key
        if isinstance(one, dict | list):
            yield from places(one)


def few_checks() -> list[Check]:
    return [check for check in all_checks() if check.probes == ("code_redeemed",)][:6]


@pytest.mark.parametrize("name", ["run.json", HAR])
def test_no_member_of_another_kind_crashes_the_judging(
    name: str, evidence: Path, tmp_path: Path
) -> None:
    original = (evidence / name).read_text(encoding="utf-8")
    drawn = random.Random(7)  # noqa: S311 -- the same members each time
    read = 0
    for _ in range(150):
        document = json.loads(original)
        container, key = drawn.choice(list(places(document)))
        container[key] = drawn.choice(OTHER_KINDS)
        (evidence / name).write_text(json.dumps(document), encoding="utf-8")
        try:
            recorded = read_evidence(evidence, unsealed=True)
            audit = Audit(recorded_profile(recorded), Options(tmp_path / "o"), recorded=recorded)
            judged(audit, few_checks())
            audit.conclude()
            read += 1
        except IdprobeError as error:
            assert "\n" not in str(error)  # noqa: PT017 -- either is right, a crash is not
    assert read > 10
