"""Code scanning gets violations, in the form of the standard, and nothing else as a result."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft4Validator

from idprobe.findings.run import Run
from idprobe.model.verdict import Violated
from idprobe.report.sarif import sarif_json, write_sarif

SCHEMA: Final = Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.schema.json"
HOSTILE: Final = "{0} [x](javascript:alert(1)) <script>\x1b[31m \ud800 `%0A` =cmd()"

Maker = Callable[..., Any]


def validate(log: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(log)] == []


def only_run(run: Run) -> dict[str, Any]:
    (found,) = sarif_json(run)["runs"]
    return dict(found)


def results(run: Run) -> dict[str, Any]:
    return {result["ruleId"]: result for result in only_run(run)["results"]}


def test_a_log_meets_the_schema_of_sarif(run: Run) -> None:
    validate(sarif_json(run))


def test_an_empty_run_meets_the_schema_of_sarif(run_of: Maker) -> None:
    validate(sarif_json(run_of(profile_path="", metadata={})))


def test_a_hostile_server_breaks_nothing(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker, tmp_path: Path
) -> None:
    judgement = judgement_of(
        requirement_of("RFC6749-5/x"), Violated(HOSTILE), sent=HOSTILE, saw=HOSTILE
    )

    write_sarif(run_of(judgement, issuer=HOSTILE, target=HOSTILE), tmp_path / "results.sarif")

    log = json.loads((tmp_path / "results.sarif").read_text(encoding="utf-8"))
    validate(log)
    text = log["runs"][0]["results"][0]["message"]["text"]
    assert "\x1b" not in text
    assert "](" not in text
    assert "{{0}}" in text


def test_results_are_the_violations_and_what_was_not_decided_is_a_notification(run: Run) -> None:
    found = only_run(run)

    assert set(results(run)) == {
        "RFC6749-5.1/cache-control-no-store",
        "RFC6749-3.1/a-should",
        "RFC6749-6/declared-one",
    }
    notified = found["invocations"][0]["toolExecutionNotifications"]
    told = [one["message"]["text"] for one in notified]
    assert any(text.startswith("inconclusive, 3 requirements: ") for text in told)
    assert any(text.startswith("harness fault, 1 requirement: ") for text in told)


def test_levels_say_what_the_gate_says_and_a_deviation_suppresses(run: Run) -> None:
    found = results(run)

    assert found["RFC6749-5.1/cache-control-no-store"]["level"] == "error"
    assert found["RFC6749-3.1/a-should"]["level"] == "warning"
    assert "suppressions" not in found["RFC6749-3.1/a-should"]
    (suppression,) = found["RFC6749-6/declared-one"]["suppressions"]
    assert suppression["justification"] == "fix promised in 7.2"


def test_a_result_points_into_the_profile_and_from_there_into_the_har(run: Run) -> None:
    result = results(run)["RFC6749-6/declared-one"]

    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "profiles/acme.toml"
    assert place["region"]["startLine"] == 14
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "evidence/code_redeemed.har"
    assert related["message"]["text"] == "exchange 2 of code_redeemed"


def test_a_result_that_rests_on_no_exchange_points_at_none(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    found = judgement_of(requirement_of("RFC6749-5/x"), Violated("x"), exchange="")

    log = sarif_json(run_of(found))

    validate(log)
    assert "relatedLocations" not in log["runs"][0]["results"][0]


@pytest.mark.parametrize("field", ["helpUri", "help", "shortDescription", "fullDescription"])
def test_a_rule_is_a_requirement_with_help(field: str, run: Run) -> None:
    rules = only_run(run)["tool"]["driver"]["rules"]

    assert all(rule[field] for rule in rules)
    for index, result in enumerate(only_run(run)["results"]):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["ruleIndex"] == index
