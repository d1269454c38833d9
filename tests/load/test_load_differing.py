"""`idprobe diff` of two load results: the comparison of `--against`, without the load."""

import copy
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from idprobe.cli.diff import add_diff_command
from idprobe.errors import UsageError

RUN = json.loads(
    (Path(__file__).parents[1] / "reports" / "recorded" / "load.json").read_text("utf-8")
)
for _histogram in (RUN["latency"], RUN["service"], *RUN["generator"].values()):
    if isinstance(_histogram, dict):
        _histogram["histogram"] |= {"cells": [[1, 1]], "count": 1}
RUN["windows"] = []
NOISE = (1.0, 1.2, 1.1, 1.3, 0.9)


def run(p50_ms: float = 3.0, void: str | None = None, wrong: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(RUN)
    document["latency"]["p50"] = p50_ms
    document["void"] = void
    came = {"the token of another client": wrong} if wrong else {}
    document["judged"] = {
        "RFC6749-10.3/token-of-one-client-under-load": {"checked": 9, "wrong": came}
    }
    return document


def side(folder: Path, *runs: dict[str, Any]) -> Path:
    """Write runs as --repeat does, or a single one as a plain run does."""
    for number, document in enumerate(runs, start=1):
        place = folder if len(runs) == 1 else folder / f"1-{number}"
        place.mkdir(parents=True)
        (place / "load.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def diff(*arguments: object) -> Result:
    group = click.Group()
    add_diff_command(group)
    words = ["diff", *map(str, arguments)]
    return CliRunner().invoke(group, words, standalone_mode=False, catch_exceptions=False)


def test_one_run_each_allows_no_inference(tmp_path: Path) -> None:
    old, new = side(tmp_path / "old", run(1)), side(tmp_path / "new", run(9))

    said = diff(old / "load.json", new)

    assert "p50 ms: 1 (1 to 1, 1 runs) -> 9" in said.output
    assert said.output.count("one run each: no inference") == 4
    assert said.return_value == 0


@pytest.mark.parametrize(("times", "code"), [(2.0, 1), (0.5, 0), (1.01, 0)])
def test_what_is_slower_beyond_noise_is_a_regression(
    tmp_path: Path, times: float, code: int
) -> None:
    old = side(tmp_path / "old", *(run(one) for one in NOISE))
    new = side(tmp_path / "new", *(run(one * times) for one in NOISE))

    said = diff(old, new)

    assert said.return_value == code
    assert ("regression  p50 ms" in said.output) == (code == 1)


def test_fewer_successes_a_second_are_a_regression(tmp_path: Path) -> None:
    slow = [
        {**run(), "rate": {"offered_per_s": 50.0, "achieved_per_s": 40.0 + one}} for one in NOISE
    ]
    old, new = side(tmp_path / "old", *(run() for _ in NOISE)), side(tmp_path / "new", *slow)

    assert diff(old, new).return_value == 1
    assert diff(new, old).return_value == 0


def test_answers_that_are_wrong_now_are_a_regression_of_one_run_too(tmp_path: Path) -> None:
    old, new = side(tmp_path / "old", run()), side(tmp_path / "new", run(wrong=1))

    plain, said = diff(old, new), diff(old, new, "--json")

    rule = "RFC6749-10.3/token-of-one-client-under-load"
    assert f"regression  {rule}: answers are wrong that were not" in plain.output
    assert json.loads(said.output)["wrong_now"] == [rule]
    assert (said.return_value, diff(new, old).return_value) == (1, 0)


def test_void_runs_are_no_samples_and_alone_no_comparison(tmp_path: Path) -> None:
    old, new = side(tmp_path / "old", run()), side(tmp_path / "new", run(void="saturated"))

    said = diff(old, new)

    assert "1 of 1 runs now say nothing" in said.output
    assert said.return_value == 4


def test_another_load_is_told(tmp_path: Path) -> None:
    other = run()
    other["plan"]["rate_per_s"], other["plan"]["seed"] = 99.0, 7
    old, new = side(tmp_path / "old", run()), side(tmp_path / "new", other)

    said = diff(old, new)

    assert "warning: rate_per_s: 50.0 before, 99.0 now" in said.output
    assert "seed" not in said.output


def test_what_cannot_be_compared_is_refused_in_a_sentence(tmp_path: Path) -> None:
    load, two = side(tmp_path / "load", run()), side(tmp_path / "two", run(), run())
    side(two / "2-1", run())
    (audit := tmp_path / "results.json").write_text('{"schema": 1}', encoding="utf-8")

    with pytest.raises(UsageError, match="compares like with like"):
        diff(load, audit)
    with pytest.raises(UsageError, match="runs of two targets"):
        diff(load, two)
    with pytest.raises(UsageError, match="--quarantine is for two audits"):
        diff(load, load, "--quarantine", audit)
