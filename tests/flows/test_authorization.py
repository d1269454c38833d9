import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError, ProfileError
from idprobe.flows import (
    Authorized,
    HumanStep,
    Landed,
    Pkce,
    Stopped,
    authorization_parameters,
    authorization_request,
    authorize,
    fresh_pkce,
    visit,
    with_parameter,
    without,
)
from idprobe.model.exchange import Agent, Landing, LandingMode, Pairs, Request, Response
from idprobe.model.profile import Client, Provider

Drive = Callable[..., tuple[list[Any], Any]]
PAGE = Request.get("https://op.test/page")


def landed(*parameters: tuple[str, str]) -> Landed:
    return Landed(Landing("https://rp.test/cb", LandingMode.QUERY, parameters))


def names(pairs: Pairs) -> list[str]:
    return [name for name, _ in pairs]


def test_the_challenge_agrees_with_the_example_of_rfc_7636_appendix_b() -> None:
    pkce = Pkce.of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert pkce.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert pkce.method == "S256"


def test_a_fresh_verifier_is_43_unreserved_characters_and_never_the_same() -> None:
    made = [fresh_pkce() for _ in range(20)]

    assert len({pkce.verifier for pkce in made}) == 20
    for pkce in made:
        digest = hashlib.sha256(pkce.verifier.encode()).digest()
        assert len(pkce.verifier) == 43
        assert pkce.challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert pkce.verifier not in repr(pkce)


def test_nothing_that_is_drawn_has_two_marks_in_a_row(provider: Provider) -> None:
    for _ in range(200):
        drawn = authorization_parameters(provider, pkce=fresh_pkce())

        values = [value for name, value in drawn if name in {"state", "nonce", "code_challenge"}]
        assert len(values) == 3
        assert not [value for value in values if re.search("[-_]{2}", value)]
        assert not re.search("[-_]{2}", fresh_pkce().verifier)


def test_a_plain_challenge_is_the_verifier() -> None:
    pkce = fresh_pkce("plain")

    assert pkce.parameters == (
        ("code_challenge", pkce.verifier),
        ("code_challenge_method", "plain"),
    )


def test_the_parameters_are_those_of_the_client_with_fresh_state_and_nonce(
    provider: Provider,
) -> None:
    one, two = authorization_parameters(provider), authorization_parameters(provider)

    assert one[:4] == (
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", "https://rp.test/cb"),
        ("scope", "openid api"),
    )
    assert names(one) == [*names(one[:4]), "state", "nonce"]
    assert dict(one)["state"] != dict(two)["state"]
    assert dict(one)["nonce"] != dict(two)["nonce"]


def test_state_and_nonce_are_left_out_when_they_are_none(provider: Provider) -> None:
    pairs = authorization_parameters(provider, state=None, nonce=None)

    assert names(pairs) == ["response_type", "client_id", "redirect_uri", "scope"]


@pytest.mark.parametrize(
    ("response_type", "scope", "has_nonce"),
    [("code", "api", False), ("code", "openid", True), ("id_token", "api", True)],
)
def test_a_nonce_goes_where_an_id_token_is_to_be_had(
    provider: Provider, response_type: str, scope: str, *, has_nonce: bool
) -> None:
    pairs = authorization_parameters(provider, response_type=response_type, scope=scope)

    assert ("nonce" in names(pairs)) is has_nonce


def test_an_empty_scope_is_left_out(provider: Provider) -> None:
    assert "scope" not in names(authorization_parameters(provider, scope=""))


@pytest.mark.parametrize(
    ("scope", "prompt"), [("openid offline_access", "consent"), ("offline_access", None)]
)
def test_offline_access_asks_for_consent_in_openid(
    provider: Provider, scope: str, prompt: str | None
) -> None:
    assert dict(authorization_parameters(provider, scope=scope)).get("prompt") == prompt


def test_extra_parameters_replace_those_of_the_same_name_and_may_repeat(
    provider: Provider,
) -> None:
    extra = (("scope", "a"), ("scope", "b"))

    pairs = authorization_parameters(provider, extra=extra)

    assert [value for name, value in pairs if name == "scope"] == ["a", "b"]


def test_a_client_without_redirect_uri_is_a_profile_error(provider: Provider) -> None:
    bare = provider.with_client(Client("bare", "app"))

    with pytest.raises(ProfileError, match="redirect_uri"):
        authorization_parameters(bare)


def test_a_redirect_uri_that_is_given_needs_none_of_the_client(provider: Provider) -> None:
    bare = provider.with_client(Client("bare", "app"))

    assert authorization_parameters(bare, redirect_uri="x:/y")[2] == ("redirect_uri", "x:/y")


def test_the_request_is_the_browsers_and_keeps_the_endpoints_own_query(provider: Provider) -> None:
    endpoint = {"authorization_endpoint": "https://op.test/auth?tenant=1"}
    tenant = Provider(provider.profile, endpoint, provider.client)

    request = authorization_request(tenant, (("a", "b c"), ("a", "&")))

    assert request.target == b"/auth?tenant=1&a=b+c&a=%26"
    assert request.agent is Agent.USER
    assert "text/html" in (request.header("accept") or "")


def test_the_request_can_be_a_post(provider: Provider) -> None:
    request = authorization_request(provider, (("a", "b"),), "POST")

    assert (request.method, request.body, request.agent) == ("POST", b"a=b", Agent.USER)


def test_authorizing_is_one_human_step_that_brings_the_code(
    drive: Drive, provider: Provider
) -> None:
    sent, authorized = drive(authorize(provider), [landed(("code", "c0de"), ("state", "s"))])

    (step,) = sent
    assert isinstance(step, HumanStep)
    assert step.user == provider.user
    assert step.redirect_uris == ("https://rp.test/cb",)
    assert isinstance(authorized, Authorized)
    assert authorized.code == "c0de"
    assert authorized.pkce is not None
    assert step.request.parameter("code_challenge") == authorized.pkce.challenge
    assert authorized.sent("state") == step.request.parameter("state")
    assert "c0de" not in repr(authorized)


def test_pkce_and_parameters_can_be_left_out(drive: Drive, provider: Provider) -> None:
    flow = authorize(provider, pkce=None, omit=("state", "redirect_uri"))

    (step,), authorized = drive(flow, [landed(("code", "c"))])

    sent = {name for name, _ in step.request.query}
    assert sent == {"response_type", "client_id", "scope", "nonce"}
    assert authorized.pkce is None


@pytest.mark.parametrize("response_type", ["token", "id_token token", "code id_token"])
def test_what_the_response_type_promises_must_land(
    drive: Drive, provider: Provider, response_type: str
) -> None:
    everything = {"code": "c", "access_token": "a", "id_token": "i"}
    flow = authorize(provider, response_type=response_type)
    _, authorized = drive(flow, [landed(*everything.items())])
    assert authorized.landing.get("id_token") == "i"

    for kind in response_type.split():
        name = "access_token" if kind == "token" else kind
        lacking = {key: value for key, value in everything.items() if key != name}
        with pytest.raises(EvidenceError, match=f"lacks {name}"):
            drive(authorize(provider, response_type=response_type), [landed(*lacking.items())])


def test_an_error_that_lands_is_named(drive: Drive, provider: Provider) -> None:
    with pytest.raises(EvidenceError, match="error access_denied"):
        drive(authorize(provider), [landed(("error", "access_denied"), ("code", "c"))])


def test_a_browser_that_stops_says_why(drive: Drive, provider: Provider) -> None:
    with pytest.raises(EvidenceError, match="status 400: an error page"):
        drive(authorize(provider), [Stopped(Response(400), PAGE, "an error page")])


def test_a_visit_returns_any_ending(drive: Drive, provider: Provider) -> None:
    stopped = Stopped(Response(400), PAGE, "an error page")

    (step,), ended = drive(visit(provider, (), user=False, deny=True), [stopped])

    assert ended is stopped
    assert step.user is None
    assert step.deny


def test_a_forged_redirect_uri_stops_the_browser_too(drive: Drive, provider: Provider) -> None:
    pairs = authorization_parameters(provider, redirect_uri="https://evil.test/x")

    (step,), _ = drive(visit(provider, pairs), [landed()])

    assert step.redirect_uris == ("https://rp.test/cb", "https://evil.test/x")


@pytest.mark.parametrize("uri", ["", "relative", "//host/x", "http://[bad"])
def test_a_redirect_uri_that_is_none_stops_no_browser(
    drive: Drive, provider: Provider, uri: str
) -> None:
    (step,), _ = drive(visit(provider, (("redirect_uri", uri),)), [landed()])

    assert step.redirect_uris == ("https://rp.test/cb",)


pairs_of_text = st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3))).map(tuple)


@given(pairs_of_text, st.sampled_from("abc"), st.text(max_size=3))
def test_a_parameter_that_is_set_is_there_just_once(pairs: Pairs, name: str, value: str) -> None:
    changed = with_parameter(pairs, name, value)

    assert [found for key, found in changed if key == name] == [value]
    assert without(changed, name) == without(pairs, name)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5))).map(tuple))
def test_what_a_request_says_is_read_back(pairs: Pairs) -> None:
    url = "https://op.test/auth"

    assert Request.get(url, pairs).query == pairs
    assert Request.post_form(url, pairs).form == pairs
