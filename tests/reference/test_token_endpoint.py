import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from idprobe_reference.config import (
    SERVICE_SECRET,
    SIGNED_PRIVATE_JWKS,
    WEB_SECRET,
    reference_config,
)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


def claims_of(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def header_of(token: str) -> Any:
    header = token.split(".", maxsplit=1)[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))


# Success


def test_client_credentials_bring_an_access_token_only(desk: Any) -> None:
    response = desk.token("service", **CLIENT_CREDENTIALS)

    body = response.json()
    assert response.status_code == 200
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert body["scope"] == "api"
    assert "refresh_token" not in body


def test_speakup_brings_a_refresh_token_for_client_credentials(speakup: Any) -> None:
    first = speakup.token("service", **CLIENT_CREDENTIALS).json()

    second = speakup.refresh(first["refresh_token"], "service")

    assert second.status_code == 200
    assert second.json()["scope"] == first["scope"]


def test_token_responses_may_not_be_stored(desk: Any) -> None:
    good = desk.token("service", **CLIENT_CREDENTIALS)
    bad = desk.token("service", grant_type="bogus")

    for response in (good, bad):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["pragma"] == "no-cache"
        assert response.headers["content-type"] == "application/json"


def test_access_token_of_reference_is_a_jwt_of_rfc_9068(desk: Any) -> None:
    token = desk.token("service", **CLIENT_CREDENTIALS).json()["access_token"]

    claims = claims_of(token)
    assert header_of(token)["typ"] == "at+jwt"
    assert claims["sub"] == claims["client_id"] == "service"
    assert claims["aud"] == "https://api.idprobe.example/"
    assert claims["exp"] == claims["iat"] + 600
    assert {"iss", "jti", "scope"} <= set(claims)


def test_access_token_of_speakup_is_opaque(speakup: Any) -> None:
    token = speakup.token("service", **CLIENT_CREDENTIALS).json()["access_token"]

    assert "." not in token
    assert len(token) == 43


@pytest.mark.parametrize(
    ("raw", "scope"),
    [
        ("grant_type=client_credentials&scope=api+api.read", "api api.read"),
        ("grant_type=client_credentials&scope=api%20api.read", "api api.read"),
        ("&grant%5Ftype=client_credentials&&scope=api&", "api"),
        ("grant_type=client_credentials&scope=", "api"),
        ("grant_type=client_credentials&scope", "api"),
        ("grant_type=client_credentials&xyz_unknown=1&scope=api.read", "api.read"),
    ],
)
def test_forms_are_read_as_they_should(desk: Any, raw: str, scope: str) -> None:
    response = desk.http.post(
        "/token",
        content=raw.encode(),
        headers={"Content-Type": 'Application/X-WWW-Form-URLEncoded; charset="utf-8"'},
        auth=("service", SERVICE_SECRET),
    )

    assert response.json()["scope"] == scope


def test_authentication_scheme_is_read_without_regard_to_case(desk: Any) -> None:
    encoded = base64.b64encode(f"service:{SERVICE_SECRET}".encode()).decode()

    response = desk.http.post(
        "/token", data=CLIENT_CREDENTIALS, headers={"Authorization": f"bASIC {encoded}"}
    )

    assert response.status_code == 200


def test_basic_credentials_are_form_decoded(speakup: Any) -> None:
    secret = speakup.server.clients["second"].client_secret
    right = speakup.token("second", grant_type="refresh_token", refresh_token="x")
    raw = speakup.http.post(
        "/token",
        data={"grant_type": "refresh_token", "refresh_token": "x"},
        auth=("second", secret),
    )

    assert right.json()["error"] == "invalid_grant"
    assert raw.json()["error"] == "invalid_client"


# Errors


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"Grant_Type": "client_credentials"}, 400, "invalid_request"),
        ({"grant_type": "CLIENT_CREDENTIALS"}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials;scope=a"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({**CLIENT_CREDENTIALS, "scope": "api nope"}, 400, "invalid_scope"),
        ({**CLIENT_CREDENTIALS, "scope": "API"}, 400, "invalid_scope"),
        ({**CLIENT_CREDENTIALS, "scope": 'api "'}, 400, "invalid_scope"),
        ({**CLIENT_CREDENTIALS, "scope": "openid"}, 400, "invalid_scope"),
        ({**CLIENT_CREDENTIALS, "scope": ["api", "api"]}, 400, "invalid_request"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
    ],
)
def test_each_fault_has_its_one_error(
    desk: Any, form: dict[str, Any], status: int, error: str
) -> None:
    response = desk.http.post("/token", data=form, auth=("service", SERVICE_SECRET))

    assert (response.status_code, response.json()["error"]) == (status, error)


@pytest.mark.parametrize("raw", [b"grant_type=client_credentials&scope=%ff", b"scope=\xff"])
def test_octets_that_are_no_utf_8_are_an_invalid_request(desk: Any, raw: bytes) -> None:
    response = desk.http.post(
        "/token",
        content=raw,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=("service", SERVICE_SECRET),
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", None])
def test_other_media_types_are_an_invalid_request(desk: Any, media_type: str | None) -> None:
    response = desk.http.post(
        "/token",
        content=b"grant_type=client_credentials",
        headers={"Content-Type": media_type} if media_type else {},
        auth=("service", SERVICE_SECRET),
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "options",
    [
        {"auth": ("service", "wrong")},
        {"auth": ("nobody", "wrong")},
        {"headers": {"Authorization": "Basic !"}},
        {"headers": {"Authorization": "Negotiate abc"}},
    ],
)
def test_bad_authorization_headers_are_401_with_a_challenge(
    desk: Any, options: dict[str, Any]
) -> None:
    response = desk.http.post("/token", data=CLIENT_CREDENTIALS, **options)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith('Basic realm="')


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"client_id": "service"},
        {"client_id": "service", "client_secret": ""},
        {"client_id": "service", "client_secret": SERVICE_SECRET},  # registered for Basic
        {"client_id": "public", "client_secret": "invented"},
        {"client_id": "SERVICE"},
    ],
)
def test_no_token_without_the_registered_credentials(
    desk: Any, credentials: dict[str, str]
) -> None:
    response = desk.http.post("/token", data={**CLIENT_CREDENTIALS, **credentials})

    assert response.json()["error"] == "invalid_client"
    assert "access_token" not in response.json()


def test_two_ways_of_authentication_are_an_invalid_request(desk: Any) -> None:
    response = desk.http.post(
        "/token",
        data={**CLIENT_CREDENTIALS, "client_id": "service", "client_secret": SERVICE_SECRET},
        auth=("service", SERVICE_SECRET),
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_credentials_in_the_query_are_refused(desk: Any) -> None:
    response = desk.http.post(
        "/token",
        params={"client_id": "service", "client_secret": SERVICE_SECRET},
        data=CLIENT_CREDENTIALS,
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_public_clients_get_no_client_credentials(desk: Any) -> None:
    response = desk.token("public", **CLIENT_CREDENTIALS)

    assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")


def test_descriptions_keep_to_their_characters(desk: Any) -> None:
    response = desk.token("service", grant_type='a"\\\r\nü')

    description = response.json()["error_description"]
    assert all(" " <= char <= "~" and char not in '"\\' for char in description)


def test_many_failures_in_a_row_slow_a_client_down_and_are_counted(desk: Any) -> None:
    for _ in range(20):
        desk.http.post("/token", data=CLIENT_CREDENTIALS, auth=("service", "wrong"))

    locked = desk.token("service", **CLIENT_CREDENTIALS)
    desk.clock.now += 60
    later = desk.token("service", **CLIENT_CREDENTIALS)

    assert (locked.status_code, later.status_code) == (429, 200)
    assert locked.headers["retry-after"].isdigit()
    assert desk.server.client_throttle.worst == {"service": 20}


# private_key_jwt


def assertion(now: float, **changes: Any) -> str:
    claims = {
        "iss": "signed",
        "sub": "signed",
        "aud": "https://idp.test/token",
        "jti": "one",
        "iat": int(now),
        "exp": int(now) + 60,
        **changes,
    }
    key = ECKey.import_key(SIGNED_PRIVATE_JWKS["keys"][0])
    header = {"alg": "ES256", "kid": "signed-1"}
    return jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, key)


def send_assertion(desk: Any, text: str, **form: str) -> httpx.Response:
    response: httpx.Response = desk.http.post(
        "/token",
        data={
            **CLIENT_CREDENTIALS,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": text,
            **form,
        },
    )
    return response


def test_signed_assertion_authenticates_once(desk: Any) -> None:
    text = assertion(desk.clock.now)

    first, second = send_assertion(desk, text), send_assertion(desk, text)

    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (401, "invalid_client")


def test_a_signed_assertion_ends_a_row_of_failures(desk: Any) -> None:
    for number in range(4):
        for _ in range(9):
            desk.http.post("/token", data=CLIENT_CREDENTIALS, auth=("signed", "none"))
        text = assertion(desk.clock.now, jti=str(number))
        assert send_assertion(desk, text).status_code == 200

    assert desk.server.client_throttle.worst == {"signed": 9}


@pytest.mark.parametrize("audience", ["https://idp.test", ["https://idp.test/token"]])
def test_assertion_may_name_issuer_or_token_endpoint(desk: Any, audience: Any) -> None:
    assert send_assertion(desk, assertion(desk.clock.now, aud=audience)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "other"},
        {"iss": None},
        {"sub": "web"},
        {"sub": None},
        {"jti": None},
        {"exp": None},
        {"exp": 1_700_000_000},
        {"nbf": 1_900_000_000},
        {"exp": "1900000000"},
    ],
)
def test_assertion_with_a_wrong_claim_is_refused(desk: Any, changes: dict[str, Any]) -> None:
    response = send_assertion(desk, assertion(desk.clock.now, **changes))

    assert response.json()["error"] == "invalid_client"


@pytest.mark.parametrize("text", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_assertion_that_is_no_good_jwt_is_refused(desk: Any, text: str) -> None:
    assert send_assertion(desk, text).json()["error"] == "invalid_client"


def test_assertion_with_a_flipped_payload_is_refused(desk: Any) -> None:
    header, payload, signature = assertion(desk.clock.now).split(".")
    other = base64.urlsafe_b64encode(
        json.dumps({**claims_of(f".{payload}."), "jti": "two"}).encode()
    ).rstrip(b"=")

    response = send_assertion(desk, f"{header}.{other.decode()}.{signature}")

    assert response.json()["error"] == "invalid_client"


def test_assertion_beside_a_secret_is_refused(desk: Any) -> None:
    response = send_assertion(
        desk, assertion(desk.clock.now), client_id="web", client_secret=WEB_SECRET
    )

    assert response.json()["error"] == "invalid_client"


def test_an_assertion_that_names_another_key_is_refused(desk: Any) -> None:
    key = ECKey.import_key(SIGNED_PRIVATE_JWKS["keys"][0])
    claims = claims_of(assertion(desk.clock.now))

    response = send_assertion(desk, jwt.encode({"alg": "ES256", "kid": "another"}, claims, key))

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_what_is_no_key_for_signatures_spoils_no_other_key(make_desk: Any) -> None:
    config = reference_config("https://idp.test")
    (key,) = SIGNED_PRIVATE_JWKS["keys"]
    keys = {"keys": ["none", {**key, "use": "enc"}, key]}
    clients = tuple(
        replace(one, jwks=keys) if one.client_id == "signed" else one for one in config.clients
    )
    desk = make_desk(replace(config, clients=clients))

    assert send_assertion(desk, assertion(desk.clock.now)).status_code == 200


def test_a_scope_that_the_resource_does_not_have_is_refused(desk: Any) -> None:
    form = {"resource": "https://api.idprobe.example/", "scope": "files"}

    response = desk.token("targeted", **CLIENT_CREDENTIALS, **form)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")
