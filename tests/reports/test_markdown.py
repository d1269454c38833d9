"""A summary for a pull request, in which no server writes Markdown."""

from collections.abc import Callable
from typing import Any

from idprobe.findings.run import Run
from idprobe.model.verdict import Inconclusive, Violated
from idprobe.report.markdown import summary_md

Maker = Callable[..., Any]


def test_a_summary_names_findings_deviations_and_causes(run: Run) -> None:
    text = summary_md(run)

    assert "| Violated | Inconclusive | Harness fault | Satisfied | Not applicable |" in text
    assert "| 3 | 3 | 1 | 2 | 1 |" in text
    assert "`the token response has Cache-Control: private`" in text
    assert "- `RFC6749-6/declared-one`: `fix promised in 7.2` (until 2027-03-01)" in text
    assert "- 3 requirements: `the control of refreshed failed: wanted success, got 500`" in text


def test_a_run_with_nothing_to_say_has_no_empty_headings(run_of: Maker) -> None:
    text = summary_md(run_of(notes=()))

    assert "##" not in text.partition("\n")[2]
    assert "TLS certificates" not in text


def test_words_of_a_server_stay_in_code_spans(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    because = "``` <img src=x> @everyone\n\n# Title \x1b"
    hostile = run_of(
        judgement_of(requirement_of("RFC6749-5/x"), Violated(because)),
        judgement_of(requirement_of("RFC6749-5/y"), Inconclusive("`")),
    )

    text = summary_md(hostile)

    assert "```` ``` <img src=x> @everyone␊␊# Title ␛ ````" in text
    assert "- 1 requirement: `` ` ``" in text


def test_a_thousand_findings_stay_readable(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    judgements = [
        judgement_of(requirement_of(f"RFC6749-5/x{number}"), Violated("y" * 10_000))
        for number in range(1000)
    ]

    text = summary_md(run_of(*judgements))

    assert len(text) < 60_000
    assert "- and 950 more, see report.html" in text
