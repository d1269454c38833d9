"""Load results in the report: what they say, and that they decide nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.findings.run import Run
from idprobe.report.charts.load_section import load_in, load_section, read_load
from idprobe.report.page import page_html

RECORDED: Final = Path(__file__).parent / "recorded"
LOAD: Final = read_load(load_in(RECORDED))
CELLS: Final = LOAD["latency"]["histogram"]

Maker = Callable[..., Any]


@pytest.mark.parametrize(
    ("changes", "verdict", "because"),
    [
        ({}, "satisfied", "within budget"),
        ({"void": "saturated"}, "inconclusive", "the run is void: saturated"),
        ({"unusable": "no token"}, "inconclusive", "no load was sent: no token"),
        ({"findings": {"one token for two": 3}, "void": "late"}, "violated", "wrong under load"),
        ({"stopped": "stopped: the target is down"}, "violated", "the target is down"),
        (
            {"budget": [{"clause": "p95<1ms", "actual": 8.0, "held": False}]},
            "violated",
            "the budget was not kept",
        ),
    ],
)
def test_a_load_run_has_one_verdict(changes: dict[str, Any], verdict: str, because: str) -> None:
    found = load_section({**LOAD, **changes}, "speakup", "http://127.0.0.1:9000")

    assert found.verdict == verdict
    assert because in found.because


def test_what_was_offered_is_a_course_or_users_in_a_loop() -> None:
    closed = {**LOAD["plan"], "kind": "closed", "users": 7, "duration_s": 20.0}

    for plan, offered in ((LOAD["plan"], "/s"), (closed, "7 users in a closed loop for 20 s")):
        facts = dict(load_section({**LOAD, "plan": plan}, "speakup", "http://127.0.0.1:9000").facts)
        assert offered in facts["Offered"]


def test_figures_of_another_server_say_so() -> None:
    alike = load_section(LOAD, "speakup", "http://127.0.0.1:1")
    other = load_section(LOAD, "acme", "https://id.example")

    assert alike.notes == ()
    assert other.notes == (
        "these figures are of http://127.0.0.1:9000, not of the server of this audit",
    )


def test_the_page_shows_load_where_both_ran(run_of: Maker) -> None:
    without: Run = run_of()
    page = page_html(run_of(load={**LOAD, "notes": ["<script>alert(1)</script>"]}))

    assert 'id="load"' not in page_html(without)
    assert 'id="load"' in page
    assert "too few" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 7},
        {"latency": {**LOAD["latency"], "histogram": LOAD["service"]["histogram"] | {"count": 3}}},
    ],
)
def test_what_is_no_load_result_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "load.json").write_text(json.dumps({**LOAD, **changes}), encoding="utf-8")

    with pytest.raises(EvidenceError, match=r"load\.json"):
        read_load(load_in(tmp_path))


def test_a_file_that_is_too_large_is_not_called_no_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("idprobe.report.charts.load_section.MAX_BYTES", 1_000)

    with pytest.raises(EvidenceError, match="is larger than"):
        read_load(load_in(RECORDED))
