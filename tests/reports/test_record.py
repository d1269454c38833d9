"""results.json keeps its published shape, and says which finding is which."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idprobe.errors import EvidenceError
from idprobe.reports.model import Run
from idprobe.reports.record import fingerprint, read_results, results_json, write_results
from idprobe.schemas import schema, validate
from idprobe.verdict import Violated

Maker = Callable[..., Any]


def test_results_meet_their_schema(run: Run) -> None:
    validate(results_json(run), "results")


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for item in node.values() for found in objects(item))]


def test_the_schema_admits_no_unknown_member_anywhere() -> None:
    tables = [node for node in objects(dict(schema("results"))) if node.get("type") == "object"]

    assert tables
    assert all(table["additionalProperties"] is False for table in tables)
    assert all(set(table["required"]) == set(table["properties"]) for table in tables)


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
        ('{"schema": 1}', "results"),
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


def test_an_unknown_member_is_refused(run: Run, tmp_path: Path) -> None:
    document = results_json(run)
    document["judgements"][0]["colour"] = "red"
    (tmp_path / "results.json").write_text(json.dumps(document))

    with pytest.raises(EvidenceError, match="colour"):
        read_results(tmp_path / "results.json")
