"""Whether a run can tell that the generator, and not the server, was the limit."""

from datetime import UTC, datetime

import pytest

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.validity import saturation, too_short
from idprobe.load.measure.windows import Window
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.result import LoadResult

MS = 1_000_000


def second(at_s: float, cpu: float = 0.2, delay: float = 0.005) -> Window:
    busy_s = 1.0 if cpu + delay > 0.85 else 0.0
    return Window(at_s, 1.0, "steady", 100, 100, 0, Histogram(), 0, 0, cpu, delay, busy_s)


def recording_of(slips_ms: list[float], latency_ms: float = 5, lag_ms: float = 0.05) -> Recording:
    """Return ten seconds of load with those slips, a hundred of each."""
    recording = Recording(complete=True, windows=[second(number) for number in range(10)])
    for slip in slips_ms:
        for _ in range(100):
            recording.scheduled += 1
            recording.slip.record(round(slip * MS))
            recording.lag.record(round(lag_ms * MS))
            recording.latency.record(round((latency_ms + slip) * MS))
            recording.ended(1, None)
    return recording


NO_LATENCY = parse_budget("errors<1%")


def test_a_punctual_generator_is_not_to_blame() -> None:
    assert saturation(recording_of([0.1] * 10), NO_LATENCY) is None


def test_lateness_beyond_a_tenth_of_what_it_measures_makes_a_run_void() -> None:
    why = saturation(recording_of([0.1] * 9 + [3]), NO_LATENCY)

    assert why is not None
    assert "10.0% of the arrivals were begun" in why
    assert "--workers" in why


def test_lateness_is_held_against_the_limit_that_it_could_decide() -> None:
    late = recording_of([0.1] * 9 + [3])

    assert saturation(late, parse_budget("p99<500ms")) is None
    assert saturation(late, parse_budget("p99<10ms")) is not None
    assert saturation(late, parse_budget("p50<10ms")) is None


def test_answers_that_were_read_late_make_a_run_void() -> None:
    why = saturation(recording_of([0.1] * 10, lag_ms=2), NO_LATENCY)

    assert "100.0% of the answers read" in (why or "")


@pytest.mark.parametrize(
    ("requests", "stamped", "void"),
    [
        (1000, 1000, False),  # each answer has come when the kernel had it
        (2000, 2000, True),  # every second one was waited for by the next request
        (1000, 900, True),  # of a tenth nobody knows
    ],
)
def test_an_answer_that_was_read_late_and_is_timed_by_the_kernel_is_no_late_one(
    requests: int, stamped: int, *, void: bool
) -> None:
    recording = recording_of([0.1] * 10, lag_ms=2)
    recording.requests, recording.lag = requests, Histogram()
    for _ in range(stamped):
        recording.lag.record(2 * MS)

    assert (saturation(recording, NO_LATENCY) is not None) == void


def test_lateness_of_both_kinds_adds_up() -> None:
    recording = recording_of([0.1] * 10)
    for histogram in (recording.slip, recording.lag):
        for _ in range(6):
            histogram.record(2 * MS)

    assert "0.6% of the arrivals were begun, and 0.6%" in (saturation(recording, NO_LATENCY) or "")


@pytest.mark.parametrize(("busy", "void"), [(0, False), (1, True), (5, True)])
def test_seconds_without_reserve_make_a_run_void(busy: int, *, void: bool) -> None:
    recording = recording_of([0.1] * 10)
    recording.windows[:busy] = [second(number, 0.6, 0.35) for number in range(busy)]

    assert ("of a processor" in (saturation(recording, NO_LATENCY) or "")) == void


@pytest.mark.parametrize(
    ("late_ms", "delay", "void"),
    [(0.3, 0.02, True), (0.3, 0.01, False), (0.1, 0.02, False), (0.6, 0.01, True)],
)
def test_less_lateness_makes_a_run_void_that_waited_for_its_processor(
    late_ms: float, delay: float, *, void: bool
) -> None:
    recording = recording_of([0.05] * 9 + [late_ms], latency_ms=1)
    recording.windows = [second(number, 0.05, delay) for number in range(10)]

    why = saturation(recording, NO_LATENCY)

    assert (why is not None) == void
    assert why is None or "10.0% of the arrivals were begun" in why


def test_a_throttled_container_makes_a_run_void() -> None:
    recording = recording_of([0.1] * 10)
    recording.throttled_us = 500_000

    assert "denied the processor for 0.5 s" in (saturation(recording, NO_LATENCY) or "")


def test_a_run_too_short_for_a_percentile_says_so() -> None:
    assert too_short(recording_of([0.1] * 5), parse_budget("p99<1s")) is None
    assert "too few for p99" in (too_short(recording_of([0.1] * 4), parse_budget("p99<1s")) or "")
    assert too_short(recording_of([0.1]), parse_budget("max<1s")) is None


def result_of(recording: Recording, budget: str) -> LoadResult:
    now = datetime.now(UTC)
    plan = Plan(Open(100), 10)
    return LoadResult("s", "t", "http://127.0.0.1", now, plan, parse_budget(budget), recording)


def test_no_budget_passes_on_a_run_where_arrivals_waited_in_us() -> None:
    recording = recording_of([0.1] * 10)
    recording.most_waiting = 7

    within, beyond = result_of(recording, "p99<1s"), result_of(recording, "p99<1ms")

    assert (within.exit_code, beyond.exit_code) == (4, 1)
    assert "connection-limited" in (within.void or "")
    assert any("connection-limited" in note for note in beyond.all_notes())


def test_a_percentile_of_too_few_is_not_told() -> None:
    told = result_of(recording_of([0.1] * 10), "p99<1s").to_dict()["latency"]

    assert told["p99"] is not None
    assert told["p99.9"] is told["p99.99"] is None
    assert told["count"] == 1000
