"""GitHub is told of findings, and obeys nobody but us."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from idprobe.findings.run import Run
from idprobe.model.profile import Deviation
from idprobe.model.verdict import Violated
from idprobe.report.annotations import annotations, is_github, without_commands

Maker = Callable[..., Any]


def test_what_counts_is_an_error_at_its_line_of_the_profile(run: Run) -> None:
    lines = list(annotations(run))

    (error,) = (line for line in lines if line.startswith("::error "))
    assert error == (
        "::error file=profiles/acme.toml,line=2,"
        "title=RFC6749-5.1/cache-control-no-store (MUST)::"
        "The server keeps the rule cache-control-no-store. "
        "the token response has Cache-Control%3A private"
    ).replace("%3A", ":")


def test_a_run_without_a_profile_file_points_into_none(run_of: Maker, run: Run) -> None:
    lines = annotations(run_of(*run.judgements, profile_path=""))

    (error,) = (line for line in lines if line.startswith("::error "))
    assert error.startswith("::error title=RFC6749-5.1/cache-control-no-store (MUST)::")


def test_what_does_not_count_and_what_was_not_decided_are_warnings(run: Run) -> None:
    warnings = [line for line in annotations(run) if line.startswith("::warning ")]

    assert [line.split("title=")[1].split("::")[0] for line in warnings] == [
        "harness fault%3A 1 requirement",
        "inconclusive%3A 3 requirements",
        "RFC6749-3.1/a-should (SHOULD)",
    ]


def test_a_server_cannot_write_a_command(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    said = "x\n::stop-commands::y\r\n::error::z%0A::set-output name=a::b,c:d"
    judgement = judgement_of(requirement_of("RFC6749-5/x"), Violated(said))

    (line,) = annotations(run_of(judgement))

    assert "\n" not in line
    assert "\r" not in line
    assert "%250A" in line


def test_what_the_gate_says_beyond_judgements_is_told(run_of: Maker) -> None:
    gone = Deviation("RFC6749-5/x", "why", None)
    expired = Deviation("RFC6749-5/y", "why", date(2020, 1, 1))

    lines = list(annotations(run_of(gone=(gone,), expired=(expired,), coverage_regressions=("Z",))))

    assert lines == [
        "::error title=coverage regression%3A Z::the baseline judged it, and this run does not",
        "::warning title=deviation RFC6749-5/x::is satisfied now: remove it from the profile",
        "::warning title=deviation RFC6749-5/y::expired on 2020-01-01 and counts again",
    ]


def test_more_than_are_shown_are_counted(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    many = [judgement_of(requirement_of(f"RFC6749-5/x{n}"), Violated("no")) for n in range(30)]

    lines = list(annotations(run_of(*many)))

    assert len(lines) == 10
    assert lines[-1] == "::error title=idprobe::and 21 more: see report.html"


def test_what_is_printed_between_is_no_command() -> None:
    out = io.StringIO()

    with without_commands(out, active=True):
        print("::error::no", file=out)

    first, said, last = out.getvalue().splitlines()
    key = first.removeprefix("::stop-commands::")
    assert said == "::error::no"
    assert last == f"::{key}::"
    assert len(key) == 32


@pytest.mark.parametrize(("value", "found"), [("true", True), ("", False), ("false", False)])
def test_github_is_known_by_its_variable(value: str, *, found: bool) -> None:
    assert is_github({"GITHUB_ACTIONS": value}) is found
