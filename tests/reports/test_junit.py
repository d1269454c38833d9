"""CI servers come to the same end as the exit code."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xmlschema import XMLSchema

from idprobe.findings.run import Run
from idprobe.model.verdict import Violated
from idprobe.report.junit import junit_xml

Maker = Callable[..., Any]


def cases(run: Run) -> dict[str, ET.Element]:
    root = ET.fromstring(junit_xml(run))  # noqa: S314 -- our own document
    return {case.attrib["name"].partition(":")[0]: case for case in root.iter("testcase")}


def properties(case: ET.Element) -> dict[str, str]:
    return {prop.attrib["name"]: prop.attrib["value"] for prop in case.iter("property")}


def test_it_is_valid_but_for_the_properties_of_cases(run: Run) -> None:
    """The schema knows properties of a suite only; pytest and others write those of cases, too."""
    schema = XMLSchema(Path(__file__).parent / "junit" / "junit-10.xsd")
    root = ET.fromstring(junit_xml(run))  # noqa: S314 -- our own document
    own = [(case, case.find("properties")) for case in root.iter("testcase")]
    assert all(properties is not None for _, properties in own)

    for case, properties in own:
        if properties is not None:
            case.remove(properties)

    assert [error.reason for error in schema.iter_errors(root)] == []


def test_a_violation_that_counts_fails_with_its_story(run: Run) -> None:
    failure = cases(run)["RFC6749-5.1/cache-control-no-store"].find("failure")

    assert failure is not None
    assert failure.attrib["message"] == "the token response has Cache-Control: private"
    assert "sent: redeem: <POST http://127.0.0.1:9000/token>" in (failure.text or "")
    assert "repeat: curl" in (failure.text or "")


def test_a_violation_that_does_not_count_passes_with_a_warning(run: Run) -> None:
    case = cases(run)["RFC6749-3.1/a-should"]

    assert case.find("failure") is None
    assert case.findtext("system-out", "").startswith("warning, not counted")


def test_a_declared_deviation_passes_and_says_so(run: Run) -> None:
    case = cases(run)["RFC6749-6/declared-one"]

    assert case.find("failure") is None
    assert properties(case)["deviation"] == "fix promised in 7.2"
    assert "(until 2027-03-01)" in case.findtext("system-out", "")


def test_what_was_not_decided_is_an_error_and_what_does_not_apply_is_skipped(run: Run) -> None:
    found = cases(run)

    undecided, fault = found["RFC6749-6/undecided-0"].find("error"), found["RFC6749-7/our-fault"]
    assert undecided is not None
    assert undecided.attrib["type"] == "inconclusive"
    assert fault.find("error[@type='harness_fault']") is not None
    assert found["RFC6749-4.2/no-implicit"].find("skipped") is not None


def test_a_case_says_what_it_rests_on(run: Run) -> None:
    told = properties(cases(run)["RFC6749-5.1/cache-control-no-store"])

    assert told["section"] == "5.1"
    assert told["level"] == "MUST"
    assert told["severity"] == "high"
    assert told["link"] == "https://www.rfc-editor.org/rfc/rfc6749#section-5.1"


def test_the_numbers_of_a_suite_agree_with_its_cases(run: Run) -> None:
    root = ET.fromstring(junit_xml(run))  # noqa: S314 -- our own document

    for suite in (root, *root.iter("testsuite")):
        assert int(suite.attrib["tests"]) == len(list(suite.iter("testcase")))
        assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))
        assert int(suite.attrib["errors"]) == len(list(suite.iter("error")))
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped")))
    assert {suite.attrib["name"] for suite in root.iter("testsuite")} == {"RFC 6749", "OIDC"}


def test_characters_that_xml_forbids_are_shown_by_name(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    because = "]]><failure>\x00\x1b[0m\ud800\ufffe\u202e&" + "x" * 1_000_000
    hostile = run_of(
        judgement_of(requirement_of("RFC6749-5/x"), Violated(because)), target="<\x00>"
    )

    document = junit_xml(hostile)

    (case,) = cases(hostile).values()
    (failure,) = case.iter("failure")
    assert failure.attrib["message"].startswith("]]><failure>␀␛[0m⟨U+D800⟩⟨U+FFFE⟩⟨U+202E⟩&")
    assert len(document) < 20_000


def test_the_same_run_gives_the_same_document(run: Run) -> None:
    assert junit_xml(run) == junit_xml(run)
