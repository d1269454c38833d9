"""The folder of a run: what is there and is not ours stays, and what is ours stays, unless told."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from idprobe.errors import UsageError
from idprobe.evidence.outputs import Files, claim, fresh_folder, lead_latest_to, refuse_taken
from idprobe.report import FORMATS, result_files

FILES: Final = Files("test", ("record.json", "page.html"), ("record.json", "page.html"), ())
RESULTS: Final = result_files(FORMATS, evidence=True)
RECORD: Final = json.dumps({"schema": 1, "tool": {"name": "idprobe"}})
SMALL: Final = ("audit", "reference", "-k", "cache-control-no-store")


def idprobe(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def a_run(folder: Path, files: Files = FILES) -> None:
    """Leave in a folder what a run leaves."""
    ours = claim(folder, files)
    (folder / files.written[0]).write_text(RECORD, encoding="utf-8")
    ours.release()


def test_a_folder_with_results_is_not_written_to(tmp_path: Path) -> None:
    a_run(tmp_path / "out")
    before = contents(tmp_path)

    with pytest.raises(UsageError, match=r"holds results of another run.*--overwrite"):
        claim(tmp_path / "out", FILES)
    with pytest.raises(UsageError, match="holds results of another run"):
        refuse_taken(tmp_path / "out", FILES)

    assert contents(tmp_path) == before


def test_results_go_when_told_so_and_nothing_else(tmp_path: Path) -> None:
    a_run(tmp_path)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    claim(tmp_path, FILES, overwrite=True).release()

    assert contents(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_idprobe_did_not_write_stays(kind: str, tmp_path: Path, *, overwrite: bool) -> None:
    strange = tmp_path / "page.html"
    if kind == "file":
        strange.write_text("mine", encoding="utf-8")
    elif kind == "link":
        strange.symlink_to("nowhere")
    else:
        strange.mkdir()

    with pytest.raises(UsageError, match=r"page\.html is there already.*did not write it"):
        claim(tmp_path, FILES, overwrite=overwrite)

    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_what_somebody_put_beside_results_stays_even_then(tmp_path: Path) -> None:
    few = result_files(("junit",), evidence=True)
    a_run(tmp_path, few)
    (tmp_path / "summary.md").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match=r"summary\.md is there already"):
        claim(tmp_path, RESULTS, overwrite=True)

    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "results.json").exists()


def test_of_two_runs_at_once_one_has_the_folder(tmp_path: Path) -> None:
    first = claim(tmp_path, FILES)

    with pytest.raises(UsageError, match="another run writes to"):
        claim(tmp_path, FILES)
    with pytest.raises(UsageError, match="another run writes to"):
        claim(tmp_path, FILES, overwrite=True)

    first.release()


def test_a_run_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    claim(tmp_path / "out", FILES).release()

    assert not (tmp_path / "out").exists()


def test_a_run_that_was_killed_before_it_wrote_anything_bars_nobody(tmp_path: Path) -> None:
    (tmp_path / FILES.marker).write_text("", encoding="utf-8")

    a_run(tmp_path)

    assert (tmp_path / "record.json").exists()


def test_results_of_earlier_versions_are_known_by_their_record(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(RECORD, encoding="utf-8")
    (tmp_path / "report.html").write_text("old", encoding="utf-8")

    with pytest.raises(UsageError, match="holds results of another run"):
        claim(tmp_path, RESULTS)
    claim(tmp_path, RESULTS, overwrite=True).release()

    assert contents(tmp_path) == {}


def test_judging_again_in_the_folder_of_a_run_keeps_its_evidence(tmp_path: Path) -> None:
    a_run(tmp_path, RESULTS)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "run.json").write_text("{}", encoding="utf-8")
    (tmp_path / "report.html").write_text("old", encoding="utf-8")

    ours = claim(tmp_path, result_files(("junit",), evidence=False), overwrite=True)
    (tmp_path / "results.json").write_text(RECORD, encoding="utf-8")
    ours.release()

    assert (tmp_path / "evidence" / "run.json").exists()
    assert not (tmp_path / "report.html").exists()
    claim(tmp_path, RESULTS, overwrite=True).release()
    assert not (tmp_path / "evidence" / "run.json").exists()


def test_nothing_is_replaced_behind_a_link(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "run.json").write_text("mine", encoding="utf-8")
    a_run(out, RESULTS)
    (out / "evidence").symlink_to(elsewhere)

    with pytest.raises(UsageError, match="evidence is a link"):
        claim(out, RESULTS, overwrite=True)

    assert (elsewhere / "run.json").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["../../outside", "/etc/x", "..", "a b\n", ""])
def test_no_name_leads_out_of_the_usual_folder(name: str) -> None:
    folder = fresh_folder(name)

    assert folder.parent == Path("reports", "output")
    assert folder.name.isprintable()
    assert fresh_folder(name) != folder


def results(folder: Path) -> Path:
    folder.mkdir()
    (folder / "results.json").write_text(RECORD, encoding="utf-8")
    return folder


def test_latest_leads_to_results_beside_it(tmp_path: Path) -> None:
    for name in ("once", "again"):
        assert lead_latest_to(results(tmp_path / name)) is None

    assert str((tmp_path / "latest").readlink()) == "again"
    assert {path.name for path in tmp_path.iterdir()} == {"once", "again", "latest"}


@pytest.mark.parametrize("kind", ["file", "folder", "elsewhere", "nowhere", "no-results"])
def test_latest_of_somebody_else_stays(kind: str, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    latest = beside / "latest"
    targets = {"elsewhere": "../elsewhere", "nowhere": "gone", "no-results": "plain"}
    results(tmp_path / "elsewhere")
    (beside / "plain").mkdir()
    if kind == "file":
        latest.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        latest.mkdir()
    else:
        latest.symlink_to(targets[kind])

    said = lead_latest_to(results(beside / "out"))

    assert said is not None
    assert "stays as it is" in said
    assert latest.is_symlink() == (kind in targets)
    if kind in targets:
        assert str(latest.readlink()) == targets[kind]


def test_a_keyword_that_matches_nothing_says_so_and_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text(RECORD, encoding="utf-8")
    before = contents(tmp_path)

    good = idprobe("audit", "reference", "-k", "no-such-check", folder=tmp_path)
    again = idprobe(
        "audit", "reference", "-k", "no-such-check", "-o", "out", "--overwrite", folder=tmp_path
    )

    for done in (good, again):
        assert done.returncode == 5
        assert "no check matches -k no-such-check" in done.stderr
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_keyword_that_is_no_expression_ends_with_2(tmp_path: Path) -> None:
    done = idprobe("audit", "reference", "-k", "((", folder=tmp_path)

    assert done.returncode == 2
    assert "-k (( is no expression" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_audits_at_once_share_no_folder(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "idprobe", *SMALL, "-o", "out"]
    started = [
        subprocess.Popen(call, cwd=tmp_path, stdout=-1, stderr=-1, text=True) for _ in range(2)
    ]
    ended = [(*one.communicate(timeout=120), one.returncode) for one in started]

    codes = sorted(code for _, _, code in ended)
    assert codes == [0, 2]
    (said,) = (stderr for _, stderr, code in ended if code == 2)
    assert "name a new --output" in said.splitlines()[-1]
    record = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert record["evidence"]["seal"] == "sealed"


@pytest.mark.parametrize("verb", ["compare", "load"])
def test_other_verbs_write_over_nothing_either(verb: str, tmp_path: Path) -> None:
    record = {"compare": "compare.json", "load": "load.json"}[verb]
    words = {
        "compare": ("compare", "a", "b", "-o", "out"),
        "load": ("load", "client_credentials", "--rate", "1/s", "--duration", "1s", "-o", "out"),
    }[verb]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / record).write_text("mine", encoding="utf-8")
    if verb == "compare":
        done = idprobe(*SMALL, "-o", "a", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        (tmp_path / "b").symlink_to("a")

    refused = idprobe(*words, "--overwrite", folder=tmp_path)

    assert refused.returncode == 2
    assert f"{record} is there already" in refused.stderr
    assert (tmp_path / "out" / record).read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_told_before_a_request(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")

    done = idprobe(*SMALL, "-o", "out", folder=tmp_path)

    assert done.returncode == 2
    assert "cannot write to out" in done.stderr.splitlines()[-1]
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a file"
