"""results.json keeps its published shape, and says which finding is which."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from idprobe.cli.main import commands
from idprobe.errors import EvidenceError
from idprobe.findings.run import Run
from idprobe.formats.schemas import schema, validate
from idprobe.model.profile import Deviation
from idprobe.model.verdict import Violated
from idprobe.report.record import fingerprint, read_results, results_json, write_results

ADDED: Final = {"checks_by_hand", "evidence", "logins", "quarantined", "remark", "replay"}
"""Members since version 1 was frozen; records of before have none of them."""
FROZEN: Final = Path(__file__).parent / "frozen"

Maker = Callable[..., Any]


def test_results_meet_their_schema(run: Run) -> None:
    validate(results_json(run), "results")


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for item in node.values() for found in objects(item))]


def closed(node: Any) -> Any:
    """Return a schema that admits no member that it does not name."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: closed(value) for key, value in node.items()}
    return {**inner, "additionalProperties": False} if node.get("type") == "object" else inner


def test_the_schema_names_every_member_that_is_written(run: Run) -> None:
    tables = [node for node in objects(dict(schema("results"))) if node.get("type") == "object"]

    errors = Draft202012Validator(closed(dict(schema("results")))).iter_errors(results_json(run))

    assert [error.message for error in errors] == []
    left_out = {name for one in tables for name in {*one["properties"]} - {*one["required"]}}
    assert left_out == ADDED


def test_what_is_written_meets_version_1_as_it_was_frozen(run: Run) -> None:
    frozen = json.loads((FROZEN / "results-v1.schema.json").read_text(encoding="utf-8"))

    errors = Draft202012Validator(frozen).iter_errors(results_json(run))

    assert [error.message for error in errors] == []


def test_a_record_written_when_version_1_was_frozen_can_still_be_read() -> None:
    record = read_results(FROZEN / "results-v1.json")

    assert record["summary"]["violated"] == 3


def test_a_member_that_nobody_knows_yet_does_no_harm(run: Run, tmp_path: Path) -> None:
    later = results_json(run)
    later["from_the_future"] = {"x": 1}
    later["judgements"][0]["from_the_future"] = []
    path = tmp_path / "results.json"
    path.write_text(json.dumps(later), encoding="utf-8")

    assert read_results(path) == later


def test_results_are_read_as_they_were_written(run: Run, tmp_path: Path) -> None:
    write_results(run, tmp_path / "results.json")

    assert read_results(tmp_path / "results.json") == results_json(run)


def test_the_summary_counts_requirements(run: Run) -> None:
    assert results_json(run)["summary"] == {
        "satisfied": 2,
        "violated": 3,
        "not_applicable": 1,
        "inconclusive": 3,
        "harness_fault": 1,
    }


def test_a_lone_surrogate_survives_as_an_escape(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker, tmp_path: Path
) -> None:
    judgement = judgement_of(requirement_of("RFC6749-5/x"), Violated("got \ud800 \x1b"))

    write_results(run_of(judgement), tmp_path / "results.json")

    read = read_results(tmp_path / "results.json")
    assert read["judgements"][0]["because"] == "got \ud800 \x1b"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("got \u2039code-1\u203a twice", "got \u2039code-7\u203a twice"),
        ("http://127.0.0.1:41233/x", "http://127.0.0.1:8080/x"),
        ("took 12 ms", "took 1.5 s"),
        ("<200 text/html, 72 bytes>", "<200 text/html, 1801 bytes>"),
        ("a\n b", "a b"),
    ],
)
def test_a_fingerprint_outlives_what_changes_from_run_to_run(
    before: str, after: str, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x")

    first = fingerprint(judgement_of(requirement, Violated(before)))
    second = fingerprint(judgement_of(requirement, Violated(after)))

    assert first == second


def test_another_status_is_another_fingerprint(requirement_of: Maker, judgement_of: Maker) -> None:
    requirement = requirement_of("RFC6749-5/x")

    first = fingerprint(judgement_of(requirement, Violated("wanted 400, got 200")))
    second = fingerprint(judgement_of(requirement, Violated("wanted 400, got 500")))

    assert first != second


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "must be a table"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema": 0}', "is of version 0, this idprobe reads version 1"),
    ],
)
def test_a_file_that_is_no_record_is_refused_by_name(
    content: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)

    with pytest.raises(EvidenceError, match=complaint) as caught:
        read_results(path)

    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"nowhere\.json: cannot be read"):
        read_results(tmp_path / "nowhere.json")


def test_explain_shows_what_was_declared(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker, tmp_path: Path
) -> None:
    rule = "RFC6749-5.1/cache-control-no-store"
    declared = Deviation(rule, "promised in 7.2", None)
    judgement = judgement_of(
        requirement_of(rule), Violated("private"), deviation=declared, counts=False
    )
    write_results(run_of(judgement), tmp_path / "results.json")

    words = ["explain", rule, "--results", str(tmp_path)]
    said = CliRunner().invoke(commands, words, standalone_mode=False).output

    assert "because  private" in said
    assert "declared promised in 7.2" in said
