"""Requests in a JWT: what the server makes of those that are almost right."""

import json
from dataclasses import replace
from typing import Any

import pytest

from idprobe.formats.jose import encode, sign_jwt
from idprobe_reference.config import SIGNED_PRIVATE_JWKS, reference_config

KEY = SIGNED_PRIVATE_JWKS["keys"][0]
HEADER = {"alg": "ES256", "kid": KEY["kid"]}


def request_object(header: dict[str, Any] | None = None, **claims: Any) -> str:
    return sign_jwt({"scope": "openid", **claims}, KEY, header or HEADER)


def unsecured(content: object, end: str = ".") -> str:
    header, payload = json.dumps({"alg": "none"}), json.dumps(content)
    return f"{encode(header.encode())}.{encode(payload.encode())}{end}"


def answer(desk: Any, client: str, **parameters: str) -> Any:
    return desk.parameters(desk.carry(desk.ask(desk.wish(client, **parameters))))


def test_a_request_object_of_the_client_is_served(desk: Any) -> None:
    assert "code" in answer(desk, "signed", request=request_object(state="inside"))


@pytest.mark.parametrize(
    "text",
    [
        request_object({"alg": "ES256", "kid": "another"}),
        request_object(max_age=True),
        request_object(ui_locales=["de"]),
        sign_jwt(["scope"], KEY, HEADER),  # type: ignore[arg-type]  # what no client should send
    ],
    ids=["kid of another key", "truth", "list", "no claims"],
)
def test_what_is_no_request_object_of_the_client_is_refused(desk: Any, text: str) -> None:
    assert answer(desk, "signed", request=text)["error"] == "invalid_request_object"


@pytest.mark.parametrize(
    ("end", "error"), [(".", None), (".c2lnbmF0dXJl", "invalid_request_object")]
)
def test_an_unsecured_request_object_has_no_signature(
    desk: Any, end: str, error: str | None
) -> None:
    assert answer(desk, "web", request=unsecured({"scope": "openid"}, end)).get("error") == error


def test_a_request_object_and_a_reference_to_one_exclude_each_other(make_desk: Any) -> None:
    config = replace(reference_config("https://idp.test"), request_uri_parameter=False)
    both = {"request": request_object(), "request_uri": "https://signed.example/ro"}

    assert answer(make_desk(config), "signed", **both)["error"] == "invalid_request"


@pytest.mark.parametrize("asked", [5, "yes", ["email"]])
def test_a_claim_is_asked_for_by_null_or_by_an_object(desk: Any, asked: object) -> None:
    claims = json.dumps({"userinfo": {"email": asked}})

    assert answer(desk, "web", claims=claims)["error"] == "invalid_request"
