"""The search against servers of known capacity that exist on paper only."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from idprobe.errors import UsageError
from idprobe.load.measure.recording import Recording
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.result import LoadResult
from idprobe.load.schedule.schedule import Spacing
from idprobe.load.search.limit import Effort, Limit, _find, _Search, find_limit, print_limit
from idprobe.load.search.rate_search import Bracket, Trial, Undecided, knee, search_rate
from idprobe.load.search.scaling import fitted
from idprobe.model.profile import Limits, bare_profile


class Paper:
    """A server that holds up to a rate; near it a trial goes either way."""

    def __init__(self, truth: float, noise: float = 0.0, void_every: int = 0) -> None:
        self.truth = truth
        self.noise = noise
        self.void_every = void_every
        self.made = 0
        self._chance = random.Random(7)  # noqa: S311 -- noise, repeatable

    def attempt(self, rate: float) -> Trial:
        self.made += 1
        if self.void_every and self.made % self.void_every == 0:
            return Trial(rate, None, 0.0, why="generator saturated")
        edge = self.truth * (1 + self._chance.gauss(0, self.noise))
        return Trial(rate, rate <= edge, min(rate, self.truth))


def found_by(attempt: Callable[[float], Trial], capacity: float = 1000.0) -> Bracket:
    bracket = Bracket()
    search_rate(attempt, capacity, bracket)
    return bracket


@pytest.mark.parametrize("truth", [12.0, 387.0, 990.0, 2500.0])
def test_the_bracket_closes_around_the_truth(truth: float) -> None:
    server = Paper(truth)

    found = found_by(server.attempt)

    assert found.high_per_s is not None
    assert found.low_per_s <= truth < found.high_per_s
    assert found.high_per_s / found.low_per_s <= 1.03
    assert "within 3%" in found.ended


limit = partial(Limit, "client_credentials", "server")


def test_noise_near_the_edge_is_outvoted() -> None:
    found = [
        found_by(Paper(500.0, noise=0.02).attempt, capacity)
        for capacity in (600.0, 700.0, 800.0, 900.0, 1000.0)
    ]

    assert all(one.low_per_s == pytest.approx(500, rel=0.08) for one in found)


def test_a_void_trial_is_made_again_and_is_no_verdict() -> None:
    found = found_by(Paper(500.0, void_every=3).attempt)

    assert any(one.held is None for one in found.trials)
    assert found.low_per_s <= 500 < (found.high_per_s or 0)


def test_a_generator_that_cannot_keep_up_ends_the_search_with_what_is_known() -> None:
    def attempt(rate: float) -> Trial:
        return Trial(rate, True if rate < 800 else None, rate, why="generator saturated")

    found = found_by(attempt)

    assert found.low_per_s == 750
    assert found.high_per_s is None
    assert "generator saturated" in found.ended


def test_a_server_that_holds_nothing_ends_the_search() -> None:
    found = found_by(Paper(0.1).attempt)

    assert found.low_per_s == 0
    assert "nothing held" in found.ended


def test_one_of_two_trials_that_have_to_agree_decides_nothing() -> None:
    server = Paper(800.0)

    def attempt(rate: float) -> Trial:
        # 750 holds, 937.5 and 838.5 do not: the bounds are near, and there is time for one more
        if server.made == 4:
            raise Undecided("its time was up")
        return server.attempt(rate)

    found = found_by(attempt)

    assert [trial.held for trial in found.trials] == [True, False, False, True]
    assert (found.low_per_s, found.high_per_s) == pytest.approx((750, 838.5), rel=0.001)
    assert found.ended == "its time was up"


def test_the_knee_is_where_latency_has_not_doubled() -> None:
    curve = [(100, 5.0), (200, 5.5), (400, 9.0), (450, 12.0), (480, 60.0)]
    trials = [Trial(rate, held=True, achieved_per_s=rate, p95_ms=p95) for rate, p95 in curve]

    assert knee(trials) == 400
    assert knee(trials[:1]) is None


def test_the_law_is_found_again_from_its_own_points() -> None:
    def law(n: int) -> float:
        return 100 * n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1))

    found = fitted([(n, law(n)) for n in (1, 2, 4, 8, 16, 32)])

    assert found is not None
    assert found.rate_of_one == pytest.approx(100, rel=1e-6)
    assert (found.contention, found.coherency) == pytest.approx((0.05, 0.002), rel=1e-5)
    assert found.peak == pytest.approx((0.95 / 0.002) ** 0.5)
    assert found.throughput(8) == pytest.approx(law(8))


def test_no_peak_is_named_that_the_data_have_not_passed() -> None:
    points = [(n, 100 * n / (1 + 0.0001 * n * (n - 1))) for n in (1, 2, 4, 8, 16, 32)]
    straight = [(n, 100.0 * n) for n in (1, 2, 4, 8)]

    rising, linear = fitted(points), fitted(straight)

    assert rising is not None
    assert rising.peak is None
    assert linear is not None
    assert linear.peak is None
    assert fitted(straight[:3]) is None


@pytest.mark.parametrize(
    ("bracket", "objective", "code"),
    [
        (Bracket(100.0, 110.0), "p95<1s", 0),
        (Bracket(100.0, 110.0), "p95<1s,rate>=120/s", 1),
        (Bracket(), "p95<1s", 4),
        (Bracket(0.0, 3.0), "p95<1s,rate>=1/s", 1),
    ],
)
def test_the_exit_code_says_what_came_of_it(bracket: Bracket, objective: str, code: int) -> None:
    assert limit(bracket=bracket).exit_code(parse_budget(objective)) == code


def test_what_happens_past_the_limit_is_put_into_words() -> None:
    bracket = Bracket(100.0, 103.0)

    def words(achieved: float, *, sheds: bool = False) -> str:
        beyond = Trial(134.0, held=False, achieved_per_s=achieved)
        return limit(bracket=bracket, beyond=beyond, sheds=sheds).past_the_limit or ""

    assert "collapses" in words(40.0)
    assert "queues" in words(99.0)
    assert "sheds" in words(99.0, sheds=True)


def test_what_happens_past_the_limit_is_not_told_by_a_void_trial() -> None:
    void = Trial(134.0, held=None, achieved_per_s=1.0, why="generator saturated")
    luck = Trial(134.0, held=True, achieved_per_s=134.0)

    for beyond in (void, luck):
        assert limit(bracket=Bracket(100.0, 103.0), beyond=beyond).past_the_limit is None


def whole() -> Recording:
    return Recording(complete=True)


@dataclass
class Runs:
    """Runs that take no time: what they were asked, and what they came to."""

    folder: Path
    recording: Callable[[], Recording] = whole
    plans: list[Plan] = field(default_factory=list)

    def __call__(self, run: LoadRun) -> LoadResult:
        self.plans.append(run.plan)
        now = datetime.now(UTC)
        return LoadResult("s", "t", "u", now, run.plan, run.budget, self.recording())

    def search(self, effort: Effort, objective: str = "") -> _Search:
        plan = Plan(Open(1, Spacing.POISSON, seed=5), 10.0)
        profile = bare_profile("http://127.0.0.1:1")
        run = LoadRun("client_credentials", profile, plan, parse_budget(objective), self.folder)
        return _Search(run, effort, Console(quiet=True))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs(tmp_path)
    monkeypatch.setattr("idprobe.load.search.limit.run_load", made)
    return made


def test_no_trial_has_the_arrivals_of_another(runs: Runs) -> None:
    search = runs.search(Effort(60))
    for _ in range(2):
        search.attempt(100)
    search.closed(2)

    seeds = {one.part(place).model.seed for one in runs.plans[:2] for place in range(64)}  # type: ignore[union-attr]  # both are open
    assert len(seeds) == 2 * 64
    assert runs.plans[2].model == Closed(2)


@pytest.mark.parametrize(
    ("effort", "objective", "why"),
    [
        (Effort(9), "", "its time was up"),
        (Effort(60, requests=999), "", "its requests were spent"),
        (Effort(600), "p99.99<1s", "p99.99<1s: at 100/s a trial would take more than 120 s"),
    ],
)
def test_no_trial_is_begun_that_would_go_beyond_the_effort(
    runs: Runs, effort: Effort, objective: str, why: str
) -> None:
    with pytest.raises(Undecided, match=re.escape(why)):
        runs.search(effort, objective).attempt(100)

    assert runs.plans == []


def test_every_request_of_a_search_counts(runs: Runs) -> None:
    runs.recording = partial(Recording, complete=True, requests=600)
    search = runs.search(Effort(60, requests=1000))

    search.closed(8)

    with pytest.raises(Undecided, match="its requests were spent"):
        search.attempt(50)


def test_a_void_run_says_nothing_of_the_law(runs: Runs) -> None:
    runs.recording = partial(Recording, fault="broken", succeeded=100, ended_ns=10**9)
    found = limit()

    _find(runs.search(Effort(60)), found)

    assert len(runs.plans) > 6
    assert found.points == []
    assert found.scaling is None
    assert "broken" in found.bracket.ended


def test_limits_of_the_profile_end_a_search_that_keeps_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Model] = []

    def run_load(run: LoadRun) -> LoadResult:
        model = run.plan.model
        asked.append(model)
        if isinstance(model, Open) and model.rate_per_s > 20:
            raise UsageError("more than the profile allows")
        succeeded = round((20 if isinstance(model, Closed) else model.rate_per_s) * 10)
        recording = Recording(complete=True, scheduled=succeeded, succeeded=succeeded)
        recording.latency.record_many([1000] * succeeded)
        plan = replace(run.plan, duration_s=10.0)
        return LoadResult("s", "t", "u", datetime.now(UTC), plan, run.budget, recording)

    monkeypatch.setattr("idprobe.load.search.limit.run_load", run_load)
    profile = replace(bare_profile("http://127.0.0.1:1"), limits=Limits(20, concurrency=3))
    run = LoadRun("s", profile, Plan(Open(1), 10.0), parse_budget(""), tmp_path)

    found = find_limit(run, Effort(3600), Console(quiet=True))

    assert [one.users for one in asked if isinstance(one, Closed)] == [1, 2, 3]
    assert found.bracket.low_per_s == pytest.approx(18.75)
    assert found.bracket.ended == "more than the profile allows"
    told = json.loads((tmp_path / "search.json").read_text(encoding="utf-8"))
    assert (told["objective"], told["arrivals"], told["trial_s"]) == ("errors<1%", "constant", 10.0)


def found_where(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    result: Callable[[LoadRun], LoadResult],
    seconds: float = 3600,
) -> Limit:
    monkeypatch.setattr("idprobe.load.search.limit.run_load", result)
    profile = bare_profile("http://127.0.0.1:1")
    run = LoadRun("s", profile, Plan(Open(1), 10.0), parse_budget(""), folder)
    return find_limit(run, Effort(seconds), Console(quiet=True))


def ended(run: LoadRun, recording: Recording, unusable: str | None = None) -> LoadResult:
    now = datetime.now(UTC)
    return LoadResult("s", "t", "u", now, run.plan, run.budget, recording, unusable=unusable)


def shown(found: Limit) -> str:
    text = StringIO()
    print_limit(found, Console(file=text, width=200))
    return text.getvalue()


def test_a_server_that_takes_no_load_ends_a_search_with_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "no load was sent, since one try failed: [401]"

    found = found_where(tmp_path, monkeypatch, lambda run: ended(run, Recording(), why))

    assert found.exit_code(parse_budget("")) == 3
    assert shown(found).strip() == f"idprobe: {why}"
    assert json.loads((tmp_path / "search.json").read_text("utf-8"))["unusable"] == why


def test_a_search_in_which_nothing_succeeds_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = partial(Recording, complete=True, scheduled=9)

    def refusing(run: LoadRun) -> LoadResult:
        recording = failed()
        recording.failures["status 500"] = 9
        return ended(run, recording)

    found = found_where(tmp_path, monkeypatch, refusing)

    assert found.exit_code(parse_budget("")) == 4
    assert found.bracket.ended == (
        "nothing succeeded, however few users asked: 9 of 9 iterations failed: status 500"
    )
    assert (tmp_path / "search.json").is_file()
    text = shown(found)
    assert "does not at unknown (nothing succeeded, however few users asked: 9 of 9" in text
    assert "knee" not in text
    assert "past its limit" not in text


def test_a_search_without_time_for_its_first_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_where(tmp_path, monkeypatch, lambda run: ended(run, Recording()), seconds=1)

    assert (found.bracket.ended, found.exit_code(parse_budget(""))) == ("its time was up", 4)
    assert json.loads((tmp_path / "search.json").read_text("utf-8"))["ended"] == "its time was up"


def test_a_search_that_may_not_begin_leaves_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(run: LoadRun) -> LoadResult:
        raise UsageError(f"no consent for {run.scenario}")

    with pytest.raises(UsageError, match="no consent for s"):
        found_where(tmp_path, monkeypatch, refused)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        (Trial(134.0, held=None, achieved_per_s=1.0, why="saturated"), "not known: saturated"),
        (Trial(134.0, held=True, achieved_per_s=134.0), "not known: it held once more"),
    ],
    ids=["void", "held"],
)
def test_what_is_not_known_past_the_limit_is_told_with_why(beyond: Trial, said: str) -> None:
    text = shown(limit(bracket=Bracket(100.0, 103.0, ended="within 3%"), beyond=beyond))

    assert re.search(rf"past its limit +{said}", text)
    assert re.search(r"recovers +not known", text)


def test_a_law_that_would_have_no_rate_takes_the_best_of_its_points() -> None:
    found = fitted([(1, 1000.0), (2, 10.0), (4, 1.0), (8, 0.1)])

    assert found is not None
    assert found.rate_of_one == 1000
