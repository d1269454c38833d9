"""The map of what a server announces and does, and the time it takes, come from exchanges alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from idprobe.model.exchange import Agent, Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.report.ability import Ability, abilities
from idprobe.report.charts.timing import OTHER, timings

ISSUER = "https://id.example"
ENDPOINTS = {
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
}
STARTED = datetime(2026, 11, 24, tzinfo=UTC)


def token_exchange(status: int = 200, **form: str) -> Exchange:
    request = Request.post_form(f"{ISSUER}/token", tuple(form.items()))
    body = b'{"access_token":"x"}' if status == 200 else b'{"error":"invalid_grant"}'
    return Exchange(request, Response(status, body=body), STARTED, 5_000_000)


def landing_exchange(response_type: str, *names: str) -> Exchange:
    request = Request.get(
        f"{ISSUER}/authorize",
        [("response_type", response_type), ("code_challenge_method", "S256")],
        agent=Agent.USER,
    )
    landing = Landing("https://c.example", LandingMode.FRAGMENT, tuple((n, "x") for n in names))
    return Exchange(request, Response(302), STARTED, 2_000_000, landing=landing)


def rows(metadata: Mapping[str, object], *exchanges: Exchange) -> dict[tuple[str, str], Ability]:
    found = abilities([Trace("p", exchanges)], metadata, ENDPOINTS)
    return {(one.kind, one.value): one for one in found}


def test_a_grant_that_works_unannounced_differs() -> None:
    found = rows({"grant_types_supported": ["authorization_code"]}, token_exchange(grant_type="x"))

    assert found["grant", "x"].differs == "does it without announcing it"


def test_a_grant_that_is_announced_and_always_refused_differs() -> None:
    refusal = token_exchange(400, grant_type="x")

    found = rows({"grant_types_supported": ["x", "y"]}, refusal, refusal)

    assert found["grant", "x"].tried == 2
    assert found["grant", "x"].differs == "announces it and never did it here"
    assert found["grant", "y"].differs == ""


def test_a_default_of_the_metadata_counts_as_announced() -> None:
    found = rows({"issuer": ISSUER})

    assert found["client authentication", "client_secret_basic"].announced is True
    assert ("PKCE", "S256") not in found


def test_without_metadata_nothing_is_known_to_differ() -> None:
    found = rows({}, token_exchange(grant_type="x"))

    assert found["grant", "x"].announced is None
    assert found["grant", "x"].differs == ""


def test_words_of_a_response_type_have_no_order() -> None:
    found = rows(
        {"response_types_supported": ["id_token code"]},
        landing_exchange("id_token code", "id_token", "code"),
    )

    assert found["response type", "code id_token"] == Ability(
        "response type", "code id_token", announced=True, tried=1, done=1
    )
    assert found["response mode", "fragment"].done == 1


def test_a_verifier_that_brings_tokens_shows_its_method() -> None:
    metadata = {"code_challenge_methods_supported": ["plain"]}

    found = rows(
        metadata,
        landing_exchange("code", "code"),
        token_exchange(grant_type="authorization_code", code_verifier="v", client_id="c"),
    )

    assert found["PKCE", "S256"].differs == "does it without announcing it"
    assert found["client authentication", "none"].done == 1


def test_endpoints_are_told_apart_by_their_address_without_query() -> None:
    slow = replace(token_exchange(), elapsed_ns=900_000_000)
    asked = Request.get(f"{ISSUER}/userinfo", [("x", "1")])
    silent = Exchange(asked, None, STARTED, 1, failure="timed out")
    trace = Trace("p", (token_exchange(), token_exchange(), slow, silent))

    token, userinfo = timings([trace], ENDPOINTS)

    assert (token.endpoint, token.answers, token.median_ms) == ("token_endpoint", 3, 5.0)
    assert token.p95_ms == token.slowest_ms == 900.0
    assert sum(token.bins) == 3
    assert (userinfo.endpoint, userinfo.answers, userinfo.silent) == ("userinfo_endpoint", 0, 1)


def test_pages_that_are_no_endpoint_come_last() -> None:
    page = Exchange(Request.get(f"{ISSUER}/login"), Response(200), STARTED, 1)

    found = timings([Trace("p", (page, page, token_exchange()))], ENDPOINTS)

    assert [one.endpoint for one in found] == ["token_endpoint", OTHER]
