"""What several workers recorded, as one."""

from hypothesis import given
from hypothesis import strategies as st

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.merged import merged
from idprobe.load.measure.recording import Recording, Worker
from idprobe.load.measure.windows import Window
from idprobe.load.run.plan import Closed, Open, Plan
from idprobe.load.schedule.ramp import Step
from idprobe.load.schedule.schedule import Arrivals

durations = st.lists(st.integers(1, 10**11), min_size=1, max_size=50)


def recording_of(values: list[int], cpu: float = 0.1) -> Recording:
    recording = Recording(complete=True, started_ns=1_000)
    for value in values:
        recording.scheduled += 1
        recording.latency.record(value)
        recording.ended(1_000 + value, "broken" if value % 2 else None)
    latency = Histogram()
    latency.merge(recording.latency)
    count = len(values)
    recording.windows.append(
        Window(0.0, 1.0, "steady", count, count, 1, latency, 5, None, cpu, 0.0)
    )
    return recording


@given(durations, durations)
def test_percentiles_are_those_of_all_samples_together(one: list[int], other: list[int]) -> None:
    whole = merged([recording_of(one), recording_of(other)])

    together = recording_of(one + other)
    assert whole.latency.to_dict() == together.latency.to_dict()
    assert whole.windows[0].latency.to_dict() == together.latency.to_dict()
    assert (whole.scheduled, whole.succeeded) == (together.scheduled, together.succeeded)
    assert whole.failures == together.failures
    assert whole.span_s == together.span_s
    assert whole.doubt == together.doubt


def test_each_worker_is_told_and_the_most_throttled_counts() -> None:
    one, other = recording_of([2]), recording_of([4])
    one.workers, other.workers = [Worker(0.5, 0.6)], [Worker(0.1, 0.2)]
    unknown = merged([one, other])
    one.throttled_us = 7

    assert merged([one, other]).workers == [Worker(0.5, 0.6), Worker(0.1, 0.2)]
    assert (unknown.throttled_us, merged([one, other]).throttled_us) == (None, 7)


def test_a_generator_is_as_busy_as_its_worst_worker() -> None:
    (window,) = merged([recording_of([2], cpu=0.9), recording_of([2, 4], cpu=0.2)]).windows

    assert (window.began, window.finished, window.cpu) == (3, 3, 0.9)
    assert (window.slip_ns, window.lag_ns) == (5, None)


def test_one_incomplete_worker_makes_the_whole_incomplete() -> None:
    half = recording_of([2])
    half.complete = False

    assert merged([recording_of([2]), half]).doubt == "the run was stopped before its time"


def test_the_parts_of_a_plan_are_one_schedule() -> None:
    plan = Plan(Open(50), 2.0, callers=5, workers=4)

    parts = [plan.part(place) for place in range(4)]
    offsets: list[int] = []
    for part in parts:
        assert isinstance(part.model, Open)
        model = part.model
        phase = model.phase_s * model.rate_per_s
        arrivals = Arrivals(model.steps(2.0), model.spacing, model.seed, phase)
        offsets += arrivals.offsets_ns()

    assert sorted(offsets) == list(Arrivals((Step(50, 50, 2.0),)).offsets_ns())
    assert sum(part.callers for part in parts) >= 5
    assert Plan(Closed(8), 2.0, callers=8, workers=4).part(1).callers == 2
