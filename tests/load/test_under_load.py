"""Answers of load runs as judgements: what is wrong is found, what is right is not accused."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from tests.reports.conftest import make_trace

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.content import content
from idprobe.errors import EvidenceError
from idprobe.evidence.har import to_har
from idprobe.evidence.store import UNDER_LOAD, Recorded, read_evidence
from idprobe.judge.collect import all_checks, judged
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load
from idprobe.load.run.load_trace import FOLDED, is_run_of, load_trace, under_load
from idprobe.load.run.plan import Closed, Plan
from idprobe.model.catalogue import Family, load_catalogue
from idprobe.model.profile import Profile, load_profile, with_issuer
from idprobe.model.trace import Trace
from idprobe.model.verdict import Inconclusive, Judgement, NotApplicable, Satisfied, Violated
from idprobe.report.charts.load_section import load_in, read_load
from idprobe_reference.config import ClientConfig, reference_config, speakup_config
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.mutants import MUTANTS, mutant_named
from idprobe_reference.mutants.state.busy import Busy
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, RefreshToken
from tools.proving.choosing import aimed_probes
from tools.proving.loading import crowded, loaded
from tools.proving.trial import tried

CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
LOADED: Final = sorted(name for name, mutant in MUTANTS.items() if mutant.scenario)
CHECKS: Final = [check for check in all_checks() if UNDER_LOAD in check.probes]
CLIENT: Final = "RFC6749-10.3/token-of-one-client-under-load"
USER: Final = "RFC6749-1.4/token-of-one-grant-under-load"
CODE: Final = "RFC6749-10.5/code-works-once-under-load"
PAGE: Final = "RFC6749-5.2/no-page-under-load"
TWICE: Final = "one access token was issued to two clients"
DOCUMENT: Final = read_load(load_in(Path(__file__).parents[1] / "reports" / "recorded"))
RIGHT: Final = {"checked": 5000, "wrong": {}}
WRONG: Final = {"checked": 5000, "wrong": {TWICE: 3}}


@contextmanager
def served(shape: str, server_class: type[ReferenceServer] = ReferenceServer) -> Iterator[Profile]:
    profile = load_profile(content("fixtures", "providers", f"{shape}.toml"), {})
    with serve(CONFIGS[shape](), server_class=server_class) as server:
        yield crowded(with_issuer(profile, server.issuer))


def trace_of(found: dict[str, Any] | None = None, **changes: Any) -> Trace:
    """Return the trace of a load run that came to this; its sample is of what was wrong."""
    sample = make_trace().exchanges[1]
    samples = Trace("load", (replace(sample, step=f"failed: {TWICE}"), sample), redacted=True)
    plain = {"judged": {CLIENT: RIGHT} if found is None else found, "void": None}
    return under_load({**DOCUMENT, **plain, **changes}, [samples])


def judgements(trace: Trace, **options: Any) -> dict[str, Judgement]:
    """Return what the checks say of a load run, by requirement."""
    shipped = load_profile(content("fixtures", "providers", "speakup.toml"), {})
    recorded = Recorded({}, {UNDER_LOAD: trace}, {})
    audit = Audit(shipped, Options(Path("unused"), **options), recorded=recorded)
    return {one.requirement.id: one for one in judged(audit, CHECKS)}


@pytest.mark.parametrize("name", LOADED)
def test_what_only_load_shows_is_found_and_nothing_else(name: str) -> None:
    trial = tried(name, sorted(aimed_probes(MUTANTS[name])))

    assert (trial.silent, trial.undeclared, trial.faults) == ((), (), ())


def test_each_rule_of_load_has_a_check_and_a_mutant() -> None:
    rules = {one.id for one in load_catalogue() if one.family is Family.LOAD}
    checked = {one for check in CHECKS for one in check.requirements}
    broken = {one for name in LOADED for one in MUTANTS[name].breaks}

    assert checked == broken == rules | {"contract/fresh_token_per_request"}


@pytest.mark.parametrize(
    ("shape", "scenario"),
    [("speakup", "mixed"), ("speakup", "authorization_code_session"), ("reference", "mixed")],
)
def test_a_sound_server_is_not_accused(shape: str, scenario: str) -> None:
    with served(shape) as profile:
        trace = loaded(profile, scenario)

    found = judgements(trace)
    assert {type(one.verdict) for one in found.values()} <= {Satisfied, NotApplicable}
    assert trace.searched["judged"][USER]["checked"] > 0


class ShedsLoad(Busy):
    """Tells who comes among others to go, and not when to come back: RFC 9110 leaves it open."""

    async def token(self, request: HttpRequest) -> HttpResponse:
        return await self.unless_busy(request, super().token, json_reply({}, 503))


def test_a_busy_server_need_not_say_when_to_come_back() -> None:
    with served("speakup", ShedsLoad) as profile:
        found = judgements(loaded(profile, "client_credentials"))

    assert not [one for one in found.values() if isinstance(one.verdict, Violated)]


class TellsOthers(ReferenceServer):
    """Tells its clients of nothing but that a token is active (RFC 7662 section 2.2)."""

    def introspection(
        self, client: ClientConfig, token: AccessToken | RefreshToken | None
    ) -> dict[str, Any]:
        return {"active": super().introspection(client, token)["active"]}


class TellsNobody(ReferenceServer):
    """Tells nobody of any token."""

    def may_introspect(self, client: ClientConfig, token: AccessToken | RefreshToken) -> bool:
        del client, token
        return False


class OneNameForAll(ReferenceServer):
    """Puts the client where the user's name may stand."""

    def introspection(
        self, client: ClientConfig, token: AccessToken | RefreshToken | None
    ) -> dict[str, Any]:
        said = super().introspection(client, token)
        return {**said, "sub": client.client_id, "username": client.client_id}


@pytest.mark.parametrize("server_class", [TellsOthers, TellsNobody, OneNameForAll])
def test_a_server_that_does_not_tell_whose_a_token_is_is_not_accused(
    server_class: type[ReferenceServer],
) -> None:
    with served("speakup", server_class) as profile:
        found = judgements(loaded(profile, "authorization_code_session"))

    assert not [one for one in found.values() if isinstance(one.verdict, Violated)]


@pytest.mark.parametrize(
    ("trace", "verdict", "said"),
    [
        (trace_of(), Satisfied(), "5000 answers"),
        (trace_of({CLIENT: WRONG}), Violated(TWICE), "3 times"),
        (trace_of({CLIENT: WRONG}, void="late"), Violated(TWICE), "3 times"),
        (
            trace_of({CLIENT: WRONG}, void="died", exit=4, findings={TWICE: 3}),
            Inconclusive("the evidence cannot tell: the load run is void: died"),
            "",
        ),
        (
            trace_of(void="late"),
            Inconclusive("the evidence cannot tell: the load run is void: late"),
            "",
        ),
        (
            trace_of({}, unusable="refused"),
            Inconclusive("the evidence cannot tell: no load was sent: refused"),
            "",
        ),
        (
            trace_of({CLIENT: RIGHT | {"undecided": {"an end": 2}}}),
            Inconclusive("the evidence cannot tell: 2 times: an end"),
            "",
        ),
        (
            trace_of({CLIENT: {"checked": 99, "wrong": {}}}),
            NotApplicable("99 answers of a load run are too few: 100 are wanted"),
            "",
        ),
        (
            trace_of({}),
            NotApplicable("a load run of client_credentials shows nothing of it"),
            "",
        ),
    ],
    ids=[
        "right",
        "wrong",
        "void and wrong",
        "died",
        "void",
        "unusable",
        "undecided",
        "few",
        "unseen",
    ],
)
def test_a_load_run_is_judged_by_what_it_saw(trace: Trace, verdict: object, said: str) -> None:
    found = judgements(trace)[CLIENT]

    assert found.verdict == verdict
    assert said in found.remark
    assert found.exchange == ("under_load#0" if isinstance(verdict, Violated) else "")
    assert found.counts == isinstance(verdict, Violated | Inconclusive)


def test_what_is_our_reading_of_a_section_is_found_and_counts_for_nothing() -> None:
    found = judgements(trace_of({PAGE: {"checked": 5000, "wrong": {"a page": 9}}}))[PAGE]

    assert found.verdict == Violated("a page")
    assert not found.counts


def test_a_server_that_is_loaded_may_be_in_distress_to_the_end() -> None:
    busy = replace(make_trace().exchanges[1].answered, status=500)
    sample = replace(make_trace().exchanges[1], step="failed: a page", response=busy)
    found = {**DOCUMENT, "void": None, "judged": {PAGE: {"checked": 1, "wrong": {"a page": 1}}}}

    trace = under_load(found, [Trace("load", (sample,), redacted=True)])

    assert judgements(trace)[PAGE].verdict == Violated("a page")


def test_load_is_not_judged_where_other_standards_are_asked_for() -> None:
    assert CLIENT in judgements(trace_of(), standards=("oauth2.0", "load"))
    assert CLIENT not in judgements(trace_of(), standards=("oauth2.0",))


def test_a_load_run_of_another_server_is_of_no_other() -> None:
    embedded = load_profile(content("fixtures", "providers", "speakup.toml"), {})
    other = replace(embedded, embedded=None, issuer="https://id.example")
    document = {**DOCUMENT, "target": {"name": "speakup", "issuer": "http://127.0.0.1:9"}}

    assert is_run_of(document, with_issuer(embedded, "http://127.0.0.1:8"))
    assert not is_run_of(document, other)
    assert is_run_of({**document, "target": {"name": "x", "issuer": "https://id.example/"}}, other)


def test_samples_of_several_workers_keep_their_pseudonyms_apart(tmp_path: Path) -> None:
    name = "‹access_token-1›"
    for place in range(2):
        facts = {name: {"length": 40 + place}}
        trace = Trace("load", make_trace().exchanges, facts, redacted=True)
        text = json.dumps(to_har(trace), ensure_ascii=False)
        (tmp_path / f"samples-{place}.har").write_text(text, encoding="utf-8")

    found = load_trace(tmp_path / "load.json", {**DOCUMENT, "judged": {}})

    assert found is not None
    assert len(found) == 6
    assert found.facts == {
        name: {"length": 40},
        f"‹access_token-{1 + FOLDED}›": {"length": 41},
    }


def test_a_load_run_of_an_earlier_version_is_shown_and_not_judged(tmp_path: Path) -> None:
    assert load_trace(tmp_path / "load.json", DOCUMENT) is None


@pytest.mark.parametrize("text", ["[", "{}", json.dumps(to_har(make_trace()))])
def test_samples_that_are_none_of_ours_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "samples-0.har").write_text(text, encoding="utf-8")

    with pytest.raises(EvidenceError):
        load_trace(tmp_path / "load.json", {**DOCUMENT, "judged": {}})


def test_a_run_in_its_own_process_leaves_what_can_be_judged(tmp_path: Path) -> None:
    plan = Plan(Closed(4), 1.0, callers=4)
    with served("speakup", mutant_named("tokens-of-users-mixed-up").server_class) as profile:
        budget = parse_budget("errors<100%")
        scenario = "authorization_code_session"
        run_load(LoadRun(scenario, profile, plan, budget, tmp_path, is_served=True))

    document = read_load(load_in(tmp_path))
    trace = load_trace(load_in(tmp_path), document)
    assert trace is not None
    found = judgements(trace)[USER]
    assert found.verdict == Violated("two users were given one subject")
    probe, _, place = found.exchange.partition("#")
    assert probe == UNDER_LOAD
    assert trace.exchanges[int(place)].request.path == "/introspect"
    assert document["exit"] == 1
    assert any("told" in note for note in document["notes"])


def test_a_load_run_is_kept_with_the_evidence_of_its_audit(tmp_path: Path) -> None:
    with served("speakup") as profile:
        trace = trace_of({CLIENT: WRONG})
        live = Audit(profile, Options(tmp_path, under_load=trace))
        now = judged(live, CHECKS)

    recorded = read_evidence(tmp_path / "evidence")
    again = judged(Audit(profile, Options(tmp_path / "again"), recorded=recorded), CHECKS)

    assert recorded.traces[UNDER_LOAD] == trace
    assert again == now
    assert live.conclude().exit_codes == (1,)
    assert Counter(type(one.verdict) for one in now)[Violated] == 1
