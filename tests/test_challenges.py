"""The WWW-Authenticate header is read as RFC 9110 has it."""

from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.reading.challenges import Challenge, bearer_challenge, challenges


def answered(*headers: str) -> Exchange:
    response = Response(401, tuple(("WWW-Authenticate", value) for value in headers))
    request = Request.get("https://id.example/userinfo")
    return Exchange(request, response, datetime(2026, 1, 1, tzinfo=UTC), 1)


def test_parameters_belong_to_the_scheme_before_them() -> None:
    found = challenges(answered('Basic realm="a", Bearer realm="b, c", error="invalid_token"'))

    assert found == (
        Challenge("basic", (("realm", "a"),)),
        Challenge("bearer", (("realm", "b, c"), ("error", "invalid_token"))),
    )


def test_quotes_and_backslashes_are_taken_away() -> None:
    challenge = bearer_challenge(answered(r'Bearer error_description="a \"b\" \\ c"'))

    assert challenge.get("error_description") == r'a "b" \ c'


def test_repeated_parameters_are_kept_apart() -> None:
    challenge = bearer_challenge(answered('Bearer realm="a", Realm=b'))

    assert challenge.values("realm") == ("a", "b")


@pytest.mark.parametrize("header", ["Bearer", "bearer ", "Negotiate YWJj==, Bearer"])
def test_a_scheme_may_have_no_parameters(header: str) -> None:
    assert bearer_challenge(answered(header)).parameters == ()


def test_several_headers_are_one_list() -> None:
    found = challenges(answered('DPoP algs="ES256 PS256"', 'Bearer realm="a"'))

    assert [one.scheme for one in found] == ["dpop", "bearer"]


@pytest.mark.parametrize("header", ['="x"', 'Bearer realm="open'])
def test_a_broken_header_is_no_evidence(header: str) -> None:
    with pytest.raises(EvidenceError, match=r"^the WWW-Authenticate header cannot be read$"):
        challenges(answered(header))


def test_a_missing_bearer_challenge_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match="no Bearer challenge"):
        bearer_challenge(answered('Basic realm="a"'))
