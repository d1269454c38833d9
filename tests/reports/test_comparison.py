"""Servers beside each other: where they differ comes first, and no server writes the page."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from selectolax.lexbor import LexborHTMLParser

from idprobe.cli.main import commands
from idprobe.model.profile import Deviation
from idprobe.model.verdict import Inconclusive, NotApplicable, Satisfied, Violated
from idprobe.report.comparison import (
    Comparison,
    compared,
    comparison_html,
    comparison_json,
    write_comparison,
)
from idprobe.report.page import page_html
from idprobe.report.record import results_json, write_results

Maker = Callable[..., Any]
EVIL: Final = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\x1b[31m\u202e"


def two(run_of: Maker, requirement_of: Maker, judgement_of: Maker, evil: str = "no") -> Comparison:
    same, only, differs, away = (
        requirement_of(f"RFC6749-5/{name}") for name in ("same", "only", "differs", "away")
    )
    declared = Deviation("RFC6749-5/differs", "known", date(2030, 1, 1))
    first = run_of(
        judgement_of(same, Satisfied()),
        judgement_of(only, Satisfied()),
        judgement_of(differs, Violated(evil), deviation=declared, counts=False),
        judgement_of(away, NotApplicable("not offered")),
        target=evil,
    )
    second = run_of(
        judgement_of(same, Satisfied()),
        judgement_of(differs, Satisfied()),
        judgement_of(differs, Satisfied(), check="another"),
        judgement_of(away, Satisfied()),
        target="b",
    )
    return compared(
        [(results_json(first), "a/report.html"), (results_json(second), "")],
    )


def test_where_they_differ_comes_first(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    found = two(run_of, requirement_of, judgement_of)

    assert [(row.requirement, row.differs) for row in found.rows] == [
        ("RFC6749-5/differs", True),
        ("RFC6749-5/away", False),
        ("RFC6749-5/only", False),
        ("RFC6749-5/same", False),
    ]


def test_a_cell_has_verdict_weight_and_whether_it_was_known(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    row = two(run_of, requirement_of, judgement_of).rows[0]

    first, second = row.cells
    assert first is not None
    assert second is not None
    assert (first.verdict, first.counts, first.declared) == ("violated", False, True)
    assert (second.verdict, second.counts, second.declared) == ("satisfied", False, False)


def test_requirements_that_say_the_same_are_one_row_and_the_worst_speaks(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    one = requirement_of("RFC6749-5/x")
    same = requirement_of("OIDC-2/x", same_as="RFC6749-5/x")
    run = run_of(judgement_of(one, Satisfied()), judgement_of(same, Inconclusive("429")))

    (row,) = compared([(results_json(run), ""), (results_json(run), "")]).rows

    assert row.requirement == "RFC6749-5/x"
    assert [cell and cell.verdict for cell in row.cells] == ["inconclusive", "inconclusive"]


def test_a_cell_leads_to_its_finding(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x")
    broken = run_of(judgement_of(requirement, Violated("no")))
    sound = run_of(judgement_of(requirement, Satisfied()))
    records = [(results_json(broken), "a/report.html"), (results_json(sound), "b/report.html")]

    page = LexborHTMLParser(comparison_html(compared(records)))

    (link,) = page.css(".compare td a")
    address, _, fragment = (link.attributes["href"] or "").partition("#")
    assert address == "a/report.html"
    ids = [node.attributes["id"] for node in LexborHTMLParser(page_html(broken)).css("[id]")]
    assert ids.count(fragment) == 1


def test_nothing_of_a_hostile_server_becomes_an_element(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    evil = comparison_html(two(run_of, requirement_of, judgement_of, EVIL))
    plain = comparison_html(two(run_of, requirement_of, judgement_of))

    tags = [node.tag for node in LexborHTMLParser(evil).css("*")]
    assert tags == [node.tag for node in LexborHTMLParser(plain).css("*")]
    assert "\x1b" not in evil
    assert "{{7*7}}" in " ".join(node.text() for node in LexborHTMLParser(evil).css("th"))


def test_both_files_are_written(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker, tmp_path: Path
) -> None:
    found = two(run_of, requirement_of, judgement_of)

    write_comparison(found, tmp_path / "out")

    text = (tmp_path / "out" / "compare.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(comparison_json(found)))
    assert (tmp_path / "out" / "compare.html").is_file()


def test_each_reason_stands_beside_the_server_that_gave_it(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x")
    runs = [
        run_of(judgement_of(requirement, Violated("no")), target="a"),
        run_of(judgement_of(requirement, Violated("no")), target="b"),
        run_of(judgement_of(requirement, Satisfied()), target="c"),
    ]

    page = LexborHTMLParser(comparison_html(compared([(results_json(run), "") for run in runs])))

    told = [node.text() for node in page.css("#differing th .note")]
    assert told == ["a: no", "b: no"]


def test_compare_prints_its_document_and_links_the_pages_that_there_are(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker, tmp_path: Path
) -> None:
    rule = requirement_of("RFC6749-5/x")
    for name, verdict in (("a", Satisfied()), ("b", Violated("no"))):
        (tmp_path / name).mkdir()
        run = run_of(judgement_of(rule, verdict), target=name)
        write_results(run, tmp_path / name / "results.json")
    (tmp_path / "a" / "report.html").write_text("a page", encoding="utf-8")
    words = ["compare", *(str(tmp_path / name) for name in "ab"), "-o", str(tmp_path / "out")]

    told, as_json = (
        CliRunner().invoke(commands, [*words, *more], standalone_mode=False)
        for more in ([], ["--json", "--overwrite"])
    )

    assert "1 requirement where they differ" in told.stdout
    document = json.loads(as_json.stdout)
    assert [one["report"] for one in document["providers"]] == ["../a/report.html", ""]
