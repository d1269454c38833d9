"""A summary is read at the narrowest terminal, and steered by nobody."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from idprobe.findings.run import Run
from idprobe.model.profile import Deviation
from idprobe.model.verdict import Inconclusive, Violated
from idprobe.report.terminal import print_summary

Maker = Callable[..., Any]


def printed(run: Run, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="\n")
    console = Console(file=file, width=80, color_system=None, force_terminal=False)
    print_summary(run, console, Path("out/report.html"))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_five_verdicts_stand_apart_without_a_percentage(run: Run) -> None:
    text = printed(run)

    for line in ("3 violated (1 declared)", "3 inconclusive", "1 harness fault", "2 satisfied"):
        assert line in text
    assert "1 not applicable" in text
    assert "%" not in text


def test_findings_come_before_what_is_known_or_undecided(run: Run) -> None:
    text = printed(run)

    order = [
        text.index("RFC6749-5.1/cache-control-no-store"),
        text.index("the token response has Cache-Control: private"),
        text.index("https://www.rfc-editor.org/rfc/rfc6749#section-5.1"),
        text.index("RFC6749-3.1/a-should"),
        text.index("RFC6749-6/declared-one"),
        text.index("the control of refreshed failed"),
        text.index("report: out/report.html"),
        text.index("exit 1: the gate failed"),
    ]
    assert order == sorted(order)


def test_one_cause_takes_one_line(run: Run) -> None:
    text = printed(run)

    assert text.count("the control of refreshed failed") == 1
    assert "3 requirements: the control of refreshed failed" in text


def test_a_long_deviation_is_folded_to_one_line(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    deviation = Deviation("RFC6749-6/x", "a long story " * 40, None)
    judgement = judgement_of(
        requirement_of("RFC6749-6/x"), Violated("x"), deviation=deviation, counts=False
    )

    text = printed(run_of(judgement))

    assert sum("long story" in line for line in text.splitlines()) == 1


def test_every_line_fits_eighty_columns(run: Run) -> None:
    assert all(len(line.rstrip()) <= 80 for line in printed(run).splitlines())


def test_words_of_a_server_are_neither_markup_nor_commands(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    because = "[bold red]x[/] [/nonsense] \x1b[2J\x07\u202e\r gone"
    hostile = run_of(
        judgement_of(requirement_of("RFC6749-5/x"), Violated(because)),
        judgement_of(requirement_of("RFC6749-5/y"), Inconclusive(because)),
        target="[red]\x1b]0;t\x07",
        issuer="[link=http://x]y[/link]",
        notes=("[blink]\x9b31m",),
    )

    text = printed(hostile)

    assert not any(character in text for character in "\x1b\x07\u202e\r\x9b")
    assert "[bold red]x[/] [/nonsense] ␛[2J␇⟨U+202E⟩␍ gone" in " ".join(text.split())
    assert "[link=http://x]y[/link]" in text


def test_a_terminal_without_unicode_gets_plain_marks(run: Run) -> None:
    text = printed(run, "ascii")

    assert "x RFC6749-5.1/cache-control-no-store" in text


def test_a_run_without_judgements_says_that_nothing_was_proven(run_of: Maker) -> None:
    text = printed(run_of(exit_codes=(3, 5)))

    assert "Nothing was proven." in text
    assert "exit 3: the target is unusable" in text
    assert "also 5: nothing was judged" in text


def test_a_finding_says_what_was_remarked_and_how_to_see_it_again(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    found = {"remark": "seen at 3 of 200 requests", "replay": "code_bound:7", "exchange": ""}

    text = printed(run_of(judgement_of(requirement_of("RFC6749-5/x"), Violated("x"), **found)))

    assert "seen at 3 of 200 requests" in text
    assert "again: --reproduce code_bound:7" in text
    assert "seen in" not in text


def test_many_findings_are_counted_and_a_run_without_notes_has_none(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    many = [judgement_of(requirement_of(f"RFC6749-5/x{n}"), Violated(f"no {n}")) for n in range(99)]

    text = printed(run_of(*many, notes=()))

    shown = sum(f"RFC6749-5/x{n} " in text for n in range(99))
    assert f"and {99 - shown} more violations, see the report" in text
    assert "note:" not in text


def test_a_summary_without_a_report_names_none(run: Run) -> None:
    console = Console(file=io.StringIO(), width=80)

    print_summary(run, console, None)

    assert isinstance(console.file, io.StringIO)
    assert "report:" not in console.file.getvalue()
