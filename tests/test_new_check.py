"""`nox -s new_check` refuses in one sentence, overwrites nothing, and leaves stubs that fail."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from idprobe.model.catalogue import load_catalogue
from tools.new_check import texts
from tools.new_check.__main__ import new_check, stubs_of
from tools.new_check.names import FILL_IN, Name, Refused
from tools.new_check.places import Stub, catalogue_stub, check_stub, mutant_stub, probe_stub

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = (
    "fixtures/requirements",
    "conformance",
    "src/idprobe/probes",
    "src/idprobe_reference/mutants",
)
SPECS: Final = sorted(
    {one.id.partition("/")[0].rpartition("-")[0] for one in load_catalogue() if one.section}
)
NEW: Final = "RFC9111-1.2.2/idprobe-new-rule"


def test_no_stub_waits_to_be_filled_in() -> None:
    waiting = [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.*"))
        if path.suffix in {".toml", ".py"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FILL_IN in line
    ]

    assert not waiting, (
        "`nox -s new_check` wrote these, and docs/how-to/add-a-check.md says what goes there:\n"
        + "\n".join(waiting)
    )


@pytest.mark.parametrize(
    ("identifier", "options", "because"),
    [
        ("rfc6749-5.1/no-store", {}, "'rfc6749-5.1/no-store' is no id: write SPEC-SECTION/slug"),
        ("RFC6749-5.1/No_Store", {}, "is no id: write SPEC-SECTION/slug"),
        ("contract/codes_last", {}, "is a promise of the contract, which begins as a key of"),
        ("RFC9999-1/x", {}, "no file of fixtures/requirements has requirements of RFC9999"),
        ("RFC6749-5.1/status-200", {}, "is judged already, by conformance/rfc6749/test_5_1_"),
        ("OAUTH21-3.2.3/cache-control-no-store", {}, "is judged already, by conformance/"),
        ("RFC7515-10.1/key-entropy", {}, "the catalogue calls RFC7515-10.1/key-entropy not obs"),
        (NEW, {"probes": ("keys_documnt",)}, "no probe keys_documnt: did you mean keys_document?"),
        (NEW, {"new_probe": "keys"}, "'keys' is not TOPIC/NAME, with a topic of authorization,"),
        (NEW, {"new_probe": "cookery/keys"}, "'cookery/keys' is not TOPIC/NAME"),
        (NEW, {"new_probe": "http/keys_document"}, "there is a probe keys_document already"),
    ],
    ids=[
        *("lower-case", "underscore", "contract", "document", "judged", "same-rule", "unseen"),
        *("probe", "no-topic", "topic", "known-probe"),
    ],
)
def test_what_cannot_be_written_is_refused(
    identifier: str, options: dict[str, Any], because: str
) -> None:
    given = {"section": None, "probes": (), "new_probe": None, **options}

    with pytest.raises(Refused, match=re.escape(because)) as caught:
        list(stubs_of(identifier, **given, root=ROOT))

    assert "\n" not in str(caught.value)


def test_a_refusal_is_one_line_and_exit_code_2() -> None:
    result = CliRunner().invoke(new_check, ["RFC9999-1/x"])

    assert result.exit_code == 2
    assert result.stderr.startswith("new_check: no file of fixtures/requirements has")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "before_slug",
    [*(f"{spec}-5.2" for spec in SPECS), *(f"RFC9207-{n}" for n in ("1", "99.1", "A.1"))],
)
def test_an_entry_is_added_and_every_line_of_its_file_stays(before_slug: str) -> None:
    name = Name.parse(f"{before_slug}/idprobe-new-rule")

    stub = catalogue_stub(name, ROOT)

    before = stub.path.read_text(encoding="utf-8")
    added = texts.entry(name, _url_of(stub, name))
    assert stub.text.count(added) == 1
    assert _tight(stub.text.replace(added, "")) == _tight(before)


def _url_of(stub: Stub, name: Name) -> str:
    entries = tomllib.loads(stub.text)["requirement"]
    return str(next(one for one in entries if one["id"] == name.id).get("url", ""))


def _tight(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def test_an_entry_stands_behind_the_sections_before_its_own() -> None:
    stub = catalogue_stub(Name.parse("RFC6749-5.1/idprobe-new-rule"), ROOT)

    sections = [
        one["section"]
        for one in tomllib.loads(stub.text)["requirement"]
        if one["id"].startswith("RFC6749-5")
    ]
    at = [
        number
        for number, one in enumerate(tomllib.loads(stub.text)["requirement"])
        if one["id"].endswith("/idprobe-new-rule")
    ]
    following = tomllib.loads(stub.text)["requirement"][at[0] + 1]
    assert sections == sorted(sections)
    assert following["section"] == "5.2"


def test_a_check_is_added_to_the_one_file_of_its_section() -> None:
    name = Name.parse("RFC6749-5.1/idprobe-new-rule")
    probes = ("code_answer", "refresh_answer")

    with_others = check_stub(name, "6", probes, ROOT)
    alone = check_stub(name, "99", probes, ROOT)

    assert alone.path == ROOT / "conformance/rfc6749/test_99_idprobe_new_rule.py"
    assert alone.is_new
    assert alone.text == texts.check_module(name, probes)
    assert "(code_answer: Trace, refresh_answer: Trace) -> None:" in alone.text
    assert with_others.path.name.startswith("test_6_")


def test_what_is_added_to_a_file_leaves_what_was_there() -> None:
    name = Name.parse("RFC6749-5.1/idprobe-new-rule")

    mutant = mutant_stub(name, ROOT)

    assert not mutant.is_new
    there = mutant.path.read_text(encoding="utf-8")
    assert mutant.text == f"{there}\n\n{texts.mutant(name)}"
    assert "RFC6749-5.1/" in there


def test_a_probe_is_a_file_of_its_own() -> None:
    probe, stub = probe_stub("http/idprobe_new_probe", ROOT)

    assert probe == "idprobe_new_probe"
    assert stub.path == ROOT / "src/idprobe/probes/http/idprobe_new_probe.py"
    assert stub.is_new


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    name = Name.parse(NEW)
    folder = tmp_path / "conformance" / "http"
    folder.mkdir(parents=True)
    for topic in ("idprobe_new_rule", "other"):
        (folder / f"test_1_2_2_{topic}.py").write_text("", encoding="utf-8")

    with pytest.raises(Refused, match=r"idprobe_new_rule.py is there already in http: nothing is"):
        check_stub(name, name.section, ("keys_document",), tmp_path)


def test_a_file_that_came_while_its_stub_was_made_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text("theirs", encoding="utf-8")

    with pytest.raises(FileExistsError):
        Stub(path, "ours", "the check", is_new=True).write()

    assert path.read_text(encoding="utf-8") == "theirs"


@pytest.mark.parametrize(
    "text",
    [
        texts.check_module(Name.parse(NEW), ["keys_document"]),
        texts.mutant_module(Name.parse(NEW)),
        texts.probe_module("idprobe_new_probe"),
    ],
    ids=["check", "mutant", "probe"],
)
def test_a_stub_is_python_that_asks_to_be_filled_in(text: str) -> None:
    ast.parse(text)

    assert text.count(FILL_IN) >= 1
