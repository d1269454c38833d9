"""A small run with one of everything, and a way to vary it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from idprobe.evidence.store import ProbeOutcome
from idprobe.findings.run import NotTested, Run
from idprobe.model.catalogue import Family, Level, Requirement
from idprobe.model.exchange import Agent, Exchange, Landing, LandingMode, Request, Response
from idprobe.model.profile import Deviation
from idprobe.model.trace import Trace
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)

STARTED = datetime(2026, 11, 24, 20, 11, 5, 123456, tzinfo=UTC)

Maker = Callable[..., Any]


def make_requirement(identifier: str, area: str = "token-response", **changes: Any) -> Requirement:
    spec, _, rest = identifier.partition("-")
    section = rest.partition("/")[0]
    made = Requirement(
        id=identifier,
        spec="RFC 6749" if spec == "RFC6749" else spec,
        title="The OAuth 2.0 Authorization Framework",
        section=section,
        link=f"https://www.rfc-editor.org/rfc/rfc6749#section-{section}",
        level=Level.MUST,
        basis="keyword",
        gates=True,
        family=Family.OAUTH20,
        area=area,
        summary=f"The server keeps the rule {identifier.partition('/')[2]}.",
        severity="high",
    )
    return replace(made, **changes)


def make_judgement(requirement: Requirement, verdict: Verdict, **changes: Any) -> Judgement:
    slug = requirement.id.partition("/")[2].replace("-", "_")
    made = Judgement(
        check=f"rfc6749/test_sample.py::test_{slug}",
        claim="No cache may keep a response that carries a token.",
        requirement=requirement,
        verdict=verdict,
        counts=isinstance(verdict, Violated),
        traces=("code_redeemed",),
        sent="redeem: <POST http://127.0.0.1:9000/token>",
        saw="<200 application/json, 120 bytes>",
        exchange="code_redeemed#1",
    )
    return replace(made, **changes)


def make_trace(probe: str = "code_redeemed", body: bytes = b'{"access_token":"x","n":1}') -> Trace:
    page = Request.get("http://127.0.0.1:9000/authorize", [("client_id", "app")], agent=Agent.USER)
    token = Request.post_form(
        "http://127.0.0.1:9000/token",
        [("grant_type", "authorization_code"), ("code", "\u2039code-1\u203a")],
        headers=(("Authorization", "Basic \u2039client_secret-1\u203a"),),
    )
    landing = Landing(
        "https://client.example/cb", LandingMode.QUERY, (("code", "\u2039code-1\u203a"),)
    )
    redirect = Response(302, (("Location", "https://client.example/cb"),), reason="Found")
    answer = Response(200, (("Content-Type", "application/json"),), body, reason="OK")
    return Trace(
        probe,
        (
            Exchange(page, redirect, STARTED, 4_200_000, "authorize", landing=landing),
            Exchange(token, answer, STARTED + timedelta(seconds=1), 31_000_000, "redeem"),
            Exchange(token, None, STARTED, 10_000_000_000, "experiment", failure="timed out"),
        ),
    )


def make_run(*judgements: Judgement, **changes: Any) -> Run:
    trace = make_trace()
    made = Run(
        tool_version="0.1.0",
        python_version="3.11.2",
        target="speakup",
        issuer="http://127.0.0.1:9000",
        profile_sha256="ab" * 32,
        build=None,
        started_at=STARTED,
        duration_s=4.125,
        exchanges=312,
        exit_codes=(1,),
        standards=("oauth2.0", "oidc"),
        safety="normal",
        depth="quick",
        judgements=judgements,
        traces={trace.probe: trace},
        probes={
            trace.probe: ProbeOutcome(trace.probe, "done", "", 3, 45_200_000),
            "refreshed": ProbeOutcome("refreshed", "control_failed", "wanted success, got 500", 1),
        },
        notes=("TLS certificates were not verified ([tls] insecure = true)",),
        metadata={
            "grant_types_supported": ["authorization_code", "password"],
            "token_endpoint": "http://127.0.0.1:9000/token",
        },
        endpoints={"token_endpoint": "http://127.0.0.1:9000/token"},
        configuration={"profile": {"issuer": "http://127.0.0.1:9000"}},
        untested=(NotTested(make_requirement("RFC6749-10/unseen"), "no check judges it yet"),),
        profile_path="profiles/acme.toml",
        profile_lines={"issuer": 2, "RFC6749-6/declared-one": 14},
    )
    return replace(made, **changes)


def one_of_everything() -> Run:
    deviation = Deviation("RFC6749-6/declared-one", "fix promised in 7.2", date(2027, 3, 1))
    return make_run(
        make_judgement(
            make_requirement("RFC6749-5.1/cache-control-no-store"),
            Violated("the token response has Cache-Control: private"),
            curl="curl --include http://127.0.0.1:9000/token",
        ),
        make_judgement(
            make_requirement("RFC6749-3.1/a-should", "authorization-request", level=Level.SHOULD),
            Violated("the page may be framed"),
            counts=False,
        ),
        make_judgement(
            make_requirement("RFC6749-6/declared-one", "refresh"),
            Violated("a refresh token came with client credentials"),
            deviation=deviation,
            counts=False,
        ),
        *(
            make_judgement(
                make_requirement(f"RFC6749-6/undecided-{number}", "refresh"),
                Inconclusive("the control of refreshed failed: wanted success, got 500"),
            )
            for number in range(3)
        ),
        make_judgement(
            make_requirement("RFC6749-7/our-fault", "access-token"),
            HarnessFault("KeyError in the check: 'kid'"),
        ),
        make_judgement(
            make_requirement("RFC6749-4.2/no-implicit", "implicit"),
            NotApplicable("the server does not offer the implicit flow"),
        ),
        make_judgement(make_requirement("RFC6749-4.1/kept", "code"), Satisfied()),
        make_judgement(make_requirement("OIDC-2/kept-too", "id-token"), Satisfied()),
    )


@pytest.fixture
def run() -> Run:
    """A run with every verdict, a declared deviation and a violation that does not count."""
    return one_of_everything()


@pytest.fixture
def run_of() -> Maker:
    return make_run


@pytest.fixture
def judgement_of() -> Maker:
    return make_judgement


@pytest.fixture
def requirement_of() -> Maker:
    return make_requirement


@pytest.fixture
def trace_of() -> Maker:
    return make_trace
