import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError, ProfileError
from idprobe.flows import (
    Authorized,
    HumanStep,
    Landed,
    Pkce,
    basic_credentials,
    client_credentials,
    client_credentials_request,
    end_session_request,
    introspect,
    redeem,
    redemption,
    refresh,
    refresh_request,
    registration_request,
    revoke,
    token_request,
    tokens_by_code,
    userinfo,
    userinfo_request,
)
from idprobe.formats.jose import generate_key, public_key, read_jwt, sign_jwt, verified_by
from idprobe.model.exchange import Agent, Landing, LandingMode, Response
from idprobe.model.profile import Provider

Drive = Callable[..., tuple[list[Any], Any]]
KEY = generate_key("EC")
GRANT = (("grant_type", "client_credentials"),)
TOKENS = Response(
    200,
    (("Content-Type", "application/json"),),
    b'{"access_token":"at","token_type":"Bearer","refresh_token":"rt"}',
)
AUTHORIZED = Authorized(
    Landing("https://rp.test/cb", LandingMode.QUERY, (("code", "c/1"),)),
    (("redirect_uri", "https://rp.test/cb"),),
    Pkce.of("v" * 43),
)


def using(provider: Provider, method: str, **changes: Any) -> Provider:
    return provider.with_client(
        replace(provider.client, token_endpoint_auth_method=method, **changes)
    )


def reply(members: Any) -> Response:
    return Response(200, (("Content-Type", "application/json"),), json.dumps(members).encode())


def test_client_secret_basic_goes_in_the_header_with_both_halves_form_encoded(
    provider: Provider,
) -> None:
    odd = using(provider, "client_secret_basic", client_id="a:b c", client_secret="p%&+ä")

    request = token_request(odd, GRANT)

    expected = base64.b64encode(b"a%3Ab+c:p%25%26%2B%C3%A4").decode()
    assert request.method == "POST"
    assert request.url == "https://op.test/token"
    assert request.agent is Agent.CLIENT
    assert request.body == b"grant_type=client_credentials"
    assert request.headers == (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", f"Basic {expected}"),
        ("Accept", "application/json"),
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_basic_credentials_are_read_back(client_id: str, secret: str) -> None:
    _, value = basic_credentials(client_id, secret)

    halves = base64.b64decode(value.removeprefix("Basic ")).decode("ascii").split(":")
    assert [unquote_plus(half) for half in halves] == [client_id, secret]


def test_client_secret_post_goes_in_the_body(provider: Provider) -> None:
    request = token_request(using(provider, "client_secret_post", client_secret="p&ä"), GRANT)

    assert request.body == b"grant_type=client_credentials&client_id=app&client_secret=p%26%C3%A4"
    assert request.header("authorization") is None


def test_a_public_client_says_its_id_once(provider: Provider) -> None:
    public = using(provider, "none", client_secret=None)

    assert token_request(public, GRANT).body == b"grant_type=client_credentials&client_id=app"
    assert token_request(public, (("client_id", "other"),)).body == b"client_id=other"


def test_the_method_can_be_replaced_for_an_experiment(provider: Provider) -> None:
    request = token_request(provider, GRANT, method="client_secret_post")

    assert request.parameter("client_secret") == "s3cret"


def test_private_key_jwt_is_signed_for_the_token_endpoint(provider: Provider) -> None:
    signed = using(provider, "private_key_jwt", jwks={"keys": [public_key(KEY), KEY]})

    request = token_request(signed, GRANT)

    form = dict(request.form)
    assertion = form["client_assertion"]
    assert set(form) == {"grant_type", "client_assertion_type", "client_assertion"}
    assert form["client_assertion_type"].endswith(":client-assertion-type:jwt-bearer")
    assert read_jwt(assertion).claims["aud"] == "https://op.test/token"
    assert read_jwt(assertion).claims["sub"] == "app"
    assert verified_by(assertion, {"keys": [public_key(KEY)]}) is not None


def test_client_secret_jwt_is_an_hmac_with_the_secret(provider: Provider) -> None:
    request = token_request(using(provider, "client_secret_jwt"), GRANT)

    assert verified_by(dict(request.form)["client_assertion"], {}, secret="s3cret") is not None


def test_an_assertion_uses_an_algorithm_that_the_server_announces(provider: Provider) -> None:
    key = {name: value for name, value in generate_key("RSA").items() if name != "alg"}
    announced = {"token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256"]}
    strict = Provider(
        provider.profile,
        {**provider.metadata, **announced},
        replace(
            provider.client, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]}
        ),
    )

    assertion = dict(token_request(strict, GRANT).form)["client_assertion"]

    assert read_jwt(assertion).alg == "PS256"


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("client_secret_basic", "client_secret"),
        ("client_secret_post", "client_secret"),
        ("client_secret_jwt", "client_secret"),
        ("private_key_jwt", "jwks"),
        ("magic", "token_endpoint_auth_method"),
    ],
)
def test_a_client_that_cannot_authenticate_is_a_profile_error_that_names_the_key(
    provider: Provider, method: str, key: str
) -> None:
    with pytest.raises(ProfileError, match=rf"op\.toml: clients\.web\.{key}"):
        token_request(using(provider, method, client_secret=None), GRANT)


def test_a_code_is_redeemed_with_what_the_authorization_used(
    drive: Drive, provider: Provider
) -> None:
    (request,), tokens = drive(redeem(provider, AUTHORIZED), [TOKENS])

    assert request.form == (
        ("grant_type", "authorization_code"),
        ("code", "c/1"),
        ("redirect_uri", "https://rp.test/cb"),
        ("code_verifier", "v" * 43),
    )
    assert tokens.access_token == "at"


def test_a_bare_code_is_redeemed_for_the_first_redirect_uri(provider: Provider) -> None:
    assert redemption(provider, "c").form == (
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", "https://rp.test/cb"),
    )


def test_a_redemption_can_be_bent(provider: Provider) -> None:
    request = redemption(
        provider,
        AUTHORIZED,
        redirect_uri="https://evil.test",
        verifier="w",
        extra=(("grant_type", "x"),),
        omit=("code",),
    )

    assert request.form == (
        ("redirect_uri", "https://evil.test"),
        ("code_verifier", "w"),
        ("grant_type", "x"),
    )


def test_a_redirect_uri_that_was_not_sent_is_not_repeated(provider: Provider) -> None:
    silent = replace(AUTHORIZED, parameters=())

    assert redemption(provider, silent).parameter("redirect_uri") is None


def test_tokens_by_code_logs_in_and_redeems(drive: Drive, provider: Provider) -> None:
    sent, tokens = drive(tokens_by_code(provider), [Landed(AUTHORIZED.landing), TOKENS])

    step, request = sent
    assert isinstance(step, HumanStep)
    assert request.parameter("code") == "c/1"
    assert tokens.refresh_token == "rt"


def test_client_credentials_ask_for_a_scope_only_when_told(
    drive: Drive, provider: Provider
) -> None:
    (request,), _ = drive(client_credentials(provider), [TOKENS])

    assert request.form == GRANT
    assert client_credentials_request(provider, "a b").body.endswith(b"&scope=a+b")


def test_a_refresh_sends_the_token_and_perhaps_a_scope(drive: Drive, provider: Provider) -> None:
    (request,), tokens = drive(refresh(provider, "r+t"), [TOKENS])

    assert request.body == b"grant_type=refresh_token&refresh_token=r%2Bt"
    assert refresh_request(provider, "r", "a").parameter("scope") == "a"
    assert tokens.access_token == "at"


def test_a_refusal_is_an_evidence_error(drive: Drive, provider: Provider) -> None:
    refusal = Response(400, (), b'{"error":"invalid_grant"}')

    with pytest.raises(EvidenceError, match="status 400 and error invalid_grant"):
        drive(refresh(provider, "r"), [refusal])


def test_the_user_is_asked_for_with_a_bearer_token(drive: Drive, provider: Provider) -> None:
    (request,), claims = drive(userinfo(provider, "at"), [reply({"sub": "alice"})])

    assert (request.method, request.header("authorization")) == ("GET", "Bearer at")
    assert claims == {"sub": "alice"}


def test_userinfo_may_be_a_post_with_the_token_in_header_or_body(provider: Provider) -> None:
    in_header = userinfo_request(provider, "at", "POST")
    in_body = userinfo_request(provider, "at", place="body")

    assert (in_header.method, in_header.body) == ("POST", b"")
    assert (in_body.method, in_body.body) == ("POST", b"access_token=at")
    assert in_body.header("authorization") is None


def test_signed_claims_are_read(drive: Drive, provider: Provider) -> None:
    token = sign_jwt({"sub": "alice"}, KEY, {"alg": "ES256"})
    signed = Response(200, (("Content-Type", "application/jwt"),), token.encode())

    assert drive(userinfo(provider, "at"), [signed])[1] == {"sub": "alice"}


def test_introspection_is_authenticated_and_must_say_active(
    drive: Drive, provider: Provider
) -> None:
    (request,), said = drive(introspect(provider, "at"), [reply({"active": False})])

    assert request.url == "https://op.test/introspection"
    assert request.form == (("token", "at"),)
    assert (request.header("authorization") or "").startswith("Basic ")
    assert said == {"active": False}
    with pytest.raises(EvidenceError, match="active"):
        drive(introspect(provider, "at"), [reply({"active": "true"})])


def test_a_revocation_succeeds_by_status_alone(drive: Drive, provider: Provider) -> None:
    (request,), nothing = drive(revoke(provider, "rt"), [Response(200)])

    assert request.form == (("token", "rt"),)
    assert nothing is None
    with pytest.raises(EvidenceError, match="status 503"):
        drive(revoke(provider, "rt"), [Response(503)])


def test_a_registration_is_json_with_the_token_if_there_is_one(provider: Provider) -> None:
    request = registration_request(provider, {"a": ["é"]}, initial_access_token="t")

    assert request.method == "POST"
    assert json.loads(request.body) == {"a": ["é"]}
    assert request.header("content-type") == "application/json"
    assert request.header("authorization") == "Bearer t"
    assert registration_request(provider, {}).header("authorization") is None


def test_the_end_of_a_session_is_the_browsers_request(provider: Provider) -> None:
    request = end_session_request(provider, id_token_hint="h", state="s")

    assert request.agent is Agent.USER
    assert request.query == (("id_token_hint", "h"), ("state", "s"))
