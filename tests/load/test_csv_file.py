"""load.csv: every window and kind of request as a row."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.windows import Kind, Window
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.csv_file import write_csv
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.result import LoadResult

MS = 1_000_000
EVIL = '=HYPERLINK("https://id.example")'


def rows_of(kinds: dict[str, Kind], folder: Path) -> list[dict[str, str]]:
    latency = Histogram()
    for number in range(1, 201):
        latency.record(number * MS)
    window = Window(1.0, 1.0, "steady", 200, 200, 3, latency, 0, 0, 0.1, 0.0, kinds=kinds)
    recording = Recording(complete=True, windows=[window])
    result = LoadResult(
        "client_credentials", "t", "http://127.0.0.1", datetime(2026, 1, 1, tzinfo=UTC),
        Plan(Open(200), 1.0), parse_budget(""), recording,
    )  # fmt: skip
    write_csv(result, folder / "load.csv")
    with (folder / "load.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_second_has_a_row_for_its_iterations_and_one_for_each_kind_of_request(
    tmp_path: Path,
) -> None:
    one = Histogram()
    one.record(7 * MS)
    kind = Kind(one, 40, 1, {"503": 1, "none": 2, "200": 4, "999": 1})

    iteration, request = rows_of({"POST /token": kind}, tmp_path)

    assert (iteration["what"], iteration["name"]) == ("iteration", "client_credentials")
    assert (iteration["at_s"], iteration["phase"], iteration["count"]) == ("1.0", "steady", "200")
    assert 100 <= float(iteration["p50_ms"]) <= 101
    # 200 are enough for p95, and too few for p99
    assert (iteration["p95_ms"] != "", iteration["p99_ms"], iteration["max_ms"]) == (
        True, "", "200.0",
    )  # fmt: skip
    assert (request["what"], request["name"], request["failed"]) == ("request", "POST /token", "1")
    assert (request["p50_ms"], request["max_ms"]) == ("", "7.0")
    classes = [request[name] for name in ("2xx", "4xx", "5xx", "none", "others")]
    assert classes == ["4", "0", "1", "2", "1"]


def test_no_cell_is_a_formula_or_more_than_a_line(tmp_path: Path) -> None:
    names = [EVIL, "@SUM(1)", "-1", "\tx", "GET /a\r\nb,\x1b[2J"]

    _, *requests = rows_of({name: Kind() for name in names}, tmp_path)

    assert sorted(one["name"] for one in requests) == sorted(
        [f"'{EVIL}", "'@SUM(1)", "'-1", "'�x", "GET /a��b,�[2J"]
    )
