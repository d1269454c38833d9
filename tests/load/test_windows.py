"""Seconds of a run, and how they become fewer."""

from dataclasses import replace

import pytest

from idprobe.load.measure.counters import Counters
from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.monitor import Monitor
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.windows import (
    MOST_WINDOWS,
    Kind,
    Phase,
    Window,
    merge_windows,
    merge_workers,
    over_time,
)

MS = 1_000_000
S = 1_000_000_000


def second(number: int, *durations_ms: int, phase: Phase = "steady") -> Window:
    latency = Histogram()
    for duration in durations_ms:
        latency.record(duration * MS)
    count = len(durations_ms)
    kinds = {"POST /token": Kind(latency, 10 * count, 0, {"200": count})}
    return Window(
        at_s=float(number), seconds=1.0, phase=phase, began=count, finished=count, failed=0,
        latency=latency, slip_ns=number, lag_ns=None, cpu=0.1 * (number % 2), delay=0.0,
        kinds=kinds,
    )  # fmt: skip


def test_a_long_run_has_no_more_windows_than_a_short_one_and_loses_nothing() -> None:
    recording = Recording()
    recording.note_window(second(0, 1, phase="warm-up"))
    for number in range(1, 3_000):
        recording.note_window(second(number, 1 + number % 7))

    windows = recording.windows
    assert MOST_WINDOWS / 2 <= len(windows) <= MOST_WINDOWS
    assert windows[0].phase == "warm-up"
    assert {one.phase for one in windows[1:]} == {"steady"}
    assert recording.window_s == 8
    assert (
        sum(one.finished for one in windows) == sum(one.latency.count for one in windows) == 3_000
    )
    assert recording.statuses == {"200": 3_000}
    assert [one.at_s for one in windows[1:]] == [1.0 + 8 * n for n in range(len(windows) - 1)]


def test_seconds_that_become_one_share_what_they_used_and_add_up_what_was_busy() -> None:
    one = merge_windows([second(0, 5), replace(second(1, 9), busy_s=1.0)])

    assert (one.at_s, one.seconds, one.finished, one.slip_ns) == (0.0, 2.0, 2, 1)
    assert (one.cpu, one.busy_s) == (0.05, 1.0)
    assert one.kinds["POST /token"].statuses == {"200": 2}


def test_workers_whose_windows_are_not_equally_wide_are_put_together_by_time() -> None:
    fine = [second(number, 3) for number in range(4)]
    coarse = [
        merge_windows([second(0, 5), second(1, 5)]),
        merge_windows([second(2, 5), second(3, 5, 5)]),
    ]

    together = merge_workers([fine, coarse])

    assert [one.at_s for one in together] == [0.0, 2.0]
    assert [one.finished for one in together] == [4, 5]
    assert [one.latency.count for one in together] == [4, 5]


def test_a_worker_that_began_before_the_others_stretches_no_window() -> None:
    early, late = [second(0, 3), second(1, 3), second(2, 3)], [second(n, 5) for n in range(1, 5)]

    together = merge_workers([early, late])

    assert [(one.at_s, one.seconds) for one in together] == [(float(n), 1.0) for n in range(1, 5)]
    assert [one.finished for one in together] == [3, 2, 1, 1]


def test_a_percentile_over_time_waits_for_its_samples() -> None:
    seconds = [second(number, *[number + 1] * 60) for number in range(20)]

    found = list(over_time(seconds, 99))

    assert [(at_s, width) for at_s, width, _ in found] == [(0.0, 9.0), (9.0, 9.0)]
    assert [round(value / MS) for _, _, value in found] == [9, 18]


def test_a_window_is_what_its_json_says() -> None:
    window = second(3, 7, 8)

    assert Window.from_dict(window.to_dict()).to_dict() == window.to_dict()


class Idle:
    """An engine that does nothing."""

    octets = 0
    connections = 0
    spun_ns = 0

    def __init__(self) -> None:
        self.counters = Counters()


@pytest.mark.parametrize("warm_up_s", [0.0, 0.5, 1.0])
def test_warm_up_steady_state_and_cool_down_are_told_apart(warm_up_s: float) -> None:
    recording, warm_up_ns = Recording(), round(warm_up_s * S)
    end_ns = warm_up_ns + 2 * S
    monitor = Monitor(recording, Idle(), 0, (warm_up_ns, end_ns))

    for now in range(0, end_ns + S, S // 10):
        if now < end_ns:
            monitor.began(now)
        if now >= S // 2:
            # each takes half a second
            monitor.ended(now - S // 2, now - S // 2, now, None)
        monitor.tick(now)
    monitor.finish(end_ns + S)

    seconds = dict.fromkeys(("warm-up", "steady", "cool-down"), 0.0)
    for window in recording.windows:
        seconds[window.phase] += window.seconds
    assert seconds == {"warm-up": warm_up_s, "steady": 2.0, "cool-down": pytest.approx(1.0)}
    assert sum(one.began for one in recording.windows) == 10 * (2 + warm_up_s)
    assert all(one.began == 0 for one in recording.windows if one.phase == "cool-down")


def test_a_run_that_ends_with_its_schedule_has_no_cool_down() -> None:
    recording = Recording()
    monitor = Monitor(recording, Idle(), 0, (0, S))

    monitor.tick(S + 1000)
    monitor.finish(S + 2000)

    assert [one.phase for one in recording.windows] == ["steady"]


def test_an_instant_is_no_second_in_which_the_engine_was_busiest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used = iter([0, 300 * MS, 301 * MS])
    monkeypatch.setattr("idprobe.load.measure.monitor.processor_ns", lambda: (next(used), 0))
    recording = Recording()
    monitor = Monitor(recording, Idle(), 0, (0, None))

    monitor.began(0)
    monitor.tick(S)
    monitor.began(S)
    monitor.finish(S + MS)

    assert recording.workers[0].busiest == 0.3


def test_waiting_awake_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([0, 950 * MS, 1050 * MS])
    monkeypatch.setattr("idprobe.load.measure.monitor.processor_ns", lambda: (next(used), 0))
    recording, engine = Recording(), Idle()
    monitor = Monitor(recording, engine, 0, (0, None))

    engine.spun_ns = 850 * MS
    monitor.began(0)
    monitor.tick(S)
    # it was denied the processor while it waited
    engine.spun_ns += 1000 * MS
    monitor.began(S)
    monitor.tick(2 * S)
    monitor.settle()

    assert [(one.cpu, one.busy_s) for one in recording.windows] == [(0.1, 0.0), (0.0, 0.0)]


def test_answers_are_counted_by_status_code() -> None:
    recording, engine = Recording(), Idle()
    monitor = Monitor(recording, engine, 0, (0, None))

    counter = engine.counters.of("POST /token")
    counter.answered(200, 10)
    counter.took(MS)
    counter.answered(503, 10)
    counter.failed("status 503")
    counter.unanswered()
    counter.failed("connection refused")
    monitor.tick(S)
    # what comes after the second that is over is not of it
    engine.counters.of("POST /token").answered(500, 10)
    assert monitor.unsettled_ns == S
    monitor.settle()

    assert recording.statuses == {"200": 1, "503": 1, "none": 1}
    kind = recording.windows[0].kinds["POST /token"]
    assert (kind.octets, kind.requests, kind.failed) == (20, 3, 2)
    # failures have no duration
    assert kind.durations.count == 1
