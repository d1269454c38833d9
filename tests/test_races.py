"""Races: when requests are let go and heard, which of them count, and what they rule out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.client.raw import Means, Tracks
from idprobe.client.trust import tls_context
from idprobe.errors import EvidenceError
from idprobe.evidence.har import from_har, to_har
from idprobe.judge.collect import all_checks, judged
from idprobe.model.exchange import Exchange, Release, Request, Response
from idprobe.model.profile import Limits, Profile, Tls, with_issuer
from idprobe.model.trace import Notes, Trace, TraceReader
from idprobe.model.verdict import Inconclusive, NotApplicable, Satisfied, Verdict
from idprobe.observe.selection import Selection
from idprobe.probes import Safety
from idprobe.reading.races import races_of, rank_of, require_small_window
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.running import Running, serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import RefreshToken

REFRESH = "RFC9700-4.14.2/replay-detection-for-public-clients"
GRANTED = b'{"access_token":"x","token_type":"Bearer"}'
REFUSED = b'{"error":"invalid_grant"}'
MS = 1_000_000


def answer(step: str, status: int, *, heard_ms: float, released_us: int = 0) -> Exchange:
    body = GRANTED if status == 200 else REFUSED
    response = Response(status, (("Content-Type", "application/json"),), body)
    return Exchange(
        Request("POST", "http://127.0.0.1", b"/token"),
        response if status else None,
        datetime.now(UTC),
        int(heard_ms * MS),
        step,
        None if status else "the exchange broke off",
        release=Release(released_us * 1000, int(heard_ms * MS) if status else None),
    )


def race(step: str, *statuses: int, apart_ms: float = 0.1) -> list[Exchange]:
    return [
        answer(step, status, heard_ms=5 + place * apart_ms, released_us=place * 10)
        for place, status in enumerate(statuses)
    ]


def series(count: int, *statuses: int, apart_ms: float = 0.1) -> Trace:
    found = [answer(f"alone/{n}", 200, heard_ms=4) for n in range(3)]
    for number in range(count):
        found += race(f"race/{number}", *statuses, apart_ms=apart_ms)
    return Trace("series", tuple(found))


def test_races_that_nobody_won_rule_out_a_window() -> None:
    notes = Notes()

    require_small_window(TraceReader.of(series(24, 200, 400, 400), notes))

    said = "no window of 0.12 ms or more found (24 trials, spread 20 µs, 95%; one request alone"
    assert notes.remarks == [f"{said} takes 4 ms)"]


def test_a_window_that_is_not_small_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match=r"no window of 3 ms .* rules out too little"):
        require_small_window(series(24, 200, 400, 400, apart_ms=3))


@pytest.mark.parametrize(
    "statuses",
    [(400, 400, 400), (200, 200, 400), (200, 400, 0), (200, 500, 429), (0, 0, 0)],
    ids=["nobody served", "two served", "too few heard", "crash and overload", "silence"],
)
def test_a_race_counts_only_if_one_was_served_and_others_refused(statuses: Sequence[int]) -> None:
    with pytest.raises(EvidenceError, match="0 races count and 24 are void"):
        require_small_window(series(24, *statuses))


@pytest.mark.parametrize(
    ("count", "rank"), [(0, None), (5, None), (6, 6), (12, 7), (24, 8), (100, 9)]
)
def test_few_races_rule_out_nothing_and_many_all_but_the_least(
    count: int, rank: int | None
) -> None:
    assert rank_of(count) == rank


def test_times_of_a_race_survive_on_paper() -> None:
    trace = series(2, 200, 400, 400)

    assert from_har(to_har(trace)) == trace


def raced(running: Running, count: int, times: int = 1) -> list[tuple[Exchange, ...]]:
    limits = Limits(exchange_s=5)
    means = Means(limits, Tls(ca_file=running.ca_file), tls_context)
    origin = running.issuer
    host = origin.partition("://")[2]
    request = Request("GET", origin, b"/jwks", (("Host", host),))

    async def run() -> list[tuple[Exchange, ...]]:
        async with Tracks(means) as tracks:
            return [await tracks.race([request] * count) for _ in range(times)]

    return asyncio.run(run())


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_requests_are_let_go_in_one_sweep_and_connections_are_kept(*, tls: bool) -> None:
    with serve(reference_config(), tls=tls) as running:
        first, second = raced(running, 4, 2)

    for exchanges in (first, second):
        released = [one.release.released_ns for one in exchanges if one.release]
        assert [one.answered.status for one in exchanges] == [200] * 4
        assert released == sorted(released)
        assert released[0] == 0
    assert all(one.release and one.release.heard_ns for one in second)


def test_where_nobody_listens_each_request_says_so() -> None:
    with serve(reference_config()) as running:
        gone = replace(running)

    exchanges = raced(gone, 2)[0]

    assert [(one.response, one.release) for one in exchanges] == [(None, None)] * 2
    assert all("no connection" in (one.failure or "") for one in exchanges)


class GivesTheSameSuccessor(ReferenceServer):
    """A used refresh token gives what it gave before, for a while."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        return token is not None

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        given: dict[str, RefreshToken] = self.__dict__.setdefault("given", {})
        if old.value not in given:
            given[old.value] = super().rotate_refresh_token(old)
        return given[old.value]


def verdict_of(server: type[ReferenceServer], folder: Path, **promises: Any) -> Verdict:
    checks = [check for check in all_checks() if check.probes == ("refresh_released",)]
    options = Options(folder, Selection(safety=Safety.INTRUSIVE), keeps_evidence=False)
    with serve(reference_config(), server_class=server) as running:
        profile: Profile = with_issuer(resolve("reference"), running.issuer)
        contract = {**profile.contract, **promises}
        found = judged(Audit(replace(profile, contract=contract), options), checks)
    return next(one.verdict for one in found if one.requirement.id == REFRESH)


def test_a_grace_period_that_nobody_declared_is_told(tmp_path: Path) -> None:
    verdict = verdict_of(GivesTheSameSuccessor, tmp_path)

    assert isinstance(verdict, Inconclusive)
    assert "a grace period, which the contract does not declare" in verdict.because


def test_a_grace_period_that_is_declared_is_told_and_let_pass(tmp_path: Path) -> None:
    verdict = verdict_of(GivesTheSameSuccessor, tmp_path, refresh_reuse_leeway_s=30)

    assert isinstance(verdict, NotApplicable)
    assert "again for 30 s, and so it is: 2 requests of one moment were served" in verdict.because


def test_a_declared_grace_period_that_is_not_there_is_judged_as_usual(tmp_path: Path) -> None:
    assert verdict_of(ReferenceServer, tmp_path, refresh_reuse_leeway_s=30) == Satisfied()


def test_trials_keep_their_order() -> None:
    assert [one.step for one in races_of(series(3, 200, 400))] == ["race/0", "race/1", "race/2"]
