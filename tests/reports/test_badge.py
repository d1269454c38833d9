"""The badge says what was judged, and green only where nothing is open."""

from collections.abc import Callable
from typing import Any

import pytest

from idprobe.findings.run import Run
from idprobe.model.catalogue import Level
from idprobe.model.verdict import Satisfied, Violated
from idprobe.report.badge import badge_json

Maker = Callable[..., Any]


def test_a_violation_that_counts_makes_it_red(run: Run) -> None:
    badge = badge_json(run)

    assert badge["schemaVersion"] == 1
    assert (badge["message"], badge["color"]) == ("1 violation", "red")
    assert badge["isError"] is True


@pytest.mark.parametrize(
    ("code", "message", "colour"),
    [
        (0, "1 satisfied, 1 to consider", "yellowgreen"),
        (1, "gate failed", "orange"),
        (3, "undecided", "orange"),
        (4, "no result", "lightgrey"),
    ],
)
def test_what_does_not_count_never_makes_it_red(  # noqa: PLR0913, PLR0917 -- fixtures
    code: int,
    message: str,
    colour: str,
    run_of: Maker,
    requirement_of: Maker,
    judgement_of: Maker,
) -> None:
    light = requirement_of("RFC6749-5/x", level=Level.SHOULD)
    run = run_of(
        judgement_of(light, Violated("no"), counts=False),
        judgement_of(requirement_of("RFC6749-5/y"), Satisfied()),
        exit_codes=(code,),
    )

    badge = badge_json(run)

    assert (badge["message"], badge["color"]) == (message, colour)
