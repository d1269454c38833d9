"""RFC 6749 section 5.1: the token response to a code, to client credentials, to a refresh token."""

import json
import re
from collections import Counter
from typing import Any

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    requirement,
    token_members,
    token_response,
)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _expires_in(exchange: Exchange) -> object:
    """Return expires_in; without it there is nothing to look at."""
    members = token_members(exchange)
    if "expires_in" not in members:
        raise Unsuited("the token response has no expires_in, which is optional")
    return members["expires_in"]


@requirement("RFC6749-5.1/status-200")
def test_code_brings_tokens_with_200(code_answer: Trace) -> None:
    """Tokens for a code come with status 200."""
    exchange = code_answer["tokens"]

    status = token_response(exchange).status

    assert status == 200, f"the status is {status}"


@requirement("RFC6749-5.1/status-200")
def test_client_credentials_bring_tokens_with_200(client_credentials_answer: Trace) -> None:
    """Tokens for client credentials come with status 200."""
    exchange = client_credentials_answer["tokens"]

    status = token_response(exchange).status

    assert status == 200, f"the status is {status}"


@requirement("RFC6749-5.1/access-token-present")
def test_code_brings_an_access_token(code_answer: Trace) -> None:
    """A code brings an access_token that is a string."""
    exchange = code_answer["tokens"]

    assert _is_text(token_members(exchange).get("access_token")), "access_token is no string"


@requirement("RFC6749-5.1/access-token-present")
def test_client_credentials_bring_an_access_token(client_credentials_answer: Trace) -> None:
    """Client credentials bring an access_token that is a string."""
    exchange = client_credentials_answer["tokens"]

    assert _is_text(token_members(exchange).get("access_token")), "access_token is no string"


@requirement("RFC6749-5.1/access-token-present")
def test_refreshing_brings_an_access_token(refresh_answer: Trace) -> None:
    """A refresh token brings an access_token that is a string."""
    exchange = refresh_answer["tokens"]

    assert _is_text(token_members(exchange).get("access_token")), "access_token is no string"


@requirement("RFC6749-5.1/token-type-present")
def test_code_brings_a_token_type(code_answer: Trace) -> None:
    """A code brings a token_type that is a string."""
    exchange = code_answer["tokens"]

    assert _is_text(token_members(exchange).get("token_type")), "token_type is no string"


@requirement("RFC6749-5.1/token-type-present")
def test_client_credentials_bring_a_token_type(client_credentials_answer: Trace) -> None:
    """Client credentials bring a token_type that is a string."""
    exchange = client_credentials_answer["tokens"]

    assert _is_text(token_members(exchange).get("token_type")), "token_type is no string"


@requirement("RFC6749-5.1/expires-in-present")
def test_lifetime_is_told_with_a_code(code_answer: Trace) -> None:
    """The response to a code tells how long the access token is good."""
    exchange = code_answer["tokens"]

    assert "expires_in" in token_members(exchange), "there is no expires_in"


@requirement("RFC6749-5.1/expires-in-present")
def test_lifetime_is_told_with_client_credentials(client_credentials_answer: Trace) -> None:
    """The response to client credentials tells how long the access token is good."""
    exchange = client_credentials_answer["tokens"]

    assert "expires_in" in token_members(exchange), "there is no expires_in"


@requirement("RFC6749-5.1/numbers-as-json-numbers")
def test_lifetime_is_a_json_number(code_answer: Trace) -> None:
    """expires_in is a JSON number, not a text with digits."""
    exchange = code_answer["tokens"]

    value = _expires_in(exchange)

    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    assert is_number, f"expires_in is a {type(value).__name__}"


@requirement("RFC6749-A.14/expires-in-syntax")
def test_lifetime_is_written_in_digits(code_answer: Trace) -> None:
    """expires_in is written in digits alone, without sign, fraction or exponent."""
    exchange = code_answer["tokens"]
    _expires_in(exchange)

    written = re.search(r'"expires_in"\s*:\s*([^\s,}]+)', exchange.answered.text)

    assert written is not None, "expires_in does not stand at the top level"
    assert re.fullmatch(r"[0-9]+", written[1]), f"expires_in is written {written[1][:20]}"


@requirement("RFC6749-5.1/strings-as-json-strings")
def test_texts_are_json_strings(code_answer: Trace) -> None:
    """The textual members are strings at the top level of one object."""
    exchange = code_answer["tokens"]

    members = token_members(exchange)

    names = ("access_token", "token_type", "refresh_token", "scope", "id_token")
    wrong = [n for n in names if n in members and not isinstance(members[n], str)]
    assert "access_token" in members, "access_token is not at the top level"
    assert not wrong, f"{', '.join(wrong)} is no string"


@requirement("RFC6749-5.1/media-type-json")
def test_tokens_for_a_code_are_sent_as_json(code_answer: Trace) -> None:
    """The response to a code is application/json."""
    exchange = code_answer["tokens"]

    media_type = token_response(exchange).media_type

    assert media_type == "application/json", f"the media type is {media_type}"


@requirement("RFC6749-5.1/media-type-json")
def test_tokens_for_client_credentials_are_sent_as_json(client_credentials_answer: Trace) -> None:
    """The response to client credentials is application/json."""
    exchange = client_credentials_answer["tokens"]

    media_type = token_response(exchange).media_type

    assert media_type == "application/json", f"the media type is {media_type}"


@requirement("RFC6749-5.1/cache-control-no-store", "RFC9111-5.2.2.5/no-store-directive-form")
def test_token_response_forbids_storing(code_answer: Trace) -> None:
    """No cache may keep a response that carries a token."""
    exchange = code_answer["tokens"]

    directives = token_response(exchange).directives("cache-control")

    assert "no-store" in directives, f"Cache-Control is {', '.join(sorted(directives)) or 'absent'}"


@requirement("RFC6749-5.1/cache-control-no-store", "RFC9111-5.2.2.5/no-store-directive-form")
def test_response_to_client_credentials_forbids_storing(client_credentials_answer: Trace) -> None:
    """No cache may keep the token of a client."""
    exchange = client_credentials_answer["tokens"]

    directives = token_response(exchange).directives("cache-control")

    assert "no-store" in directives, f"Cache-Control is {', '.join(sorted(directives)) or 'absent'}"


@requirement("RFC6749-5.1/cache-control-no-store", "RFC9111-5.2.2.5/no-store-directive-form")
def test_response_to_refreshing_forbids_storing(refresh_answer: Trace) -> None:
    """No cache may keep refreshed tokens."""
    exchange = refresh_answer["tokens"]

    directives = token_response(exchange).directives("cache-control")

    assert "no-store" in directives, f"Cache-Control is {', '.join(sorted(directives)) or 'absent'}"


@requirement("RFC6749-5.1/pragma-no-cache")
def test_token_response_has_pragma(code_answer: Trace) -> None:
    """The response has Pragma: no-cache beside Cache-Control."""
    exchange = code_answer["tokens"]

    directives = token_response(exchange).directives("pragma")

    assert "no-cache" in directives, f"Pragma is {', '.join(sorted(directives)) or 'absent'}"


@requirement("RFC6749-3.2/response-parameter-once", "RFC8259-4/names-unique")
def test_no_member_of_a_token_response_is_repeated(code_answer: Trace) -> None:
    """Each member of the response to a code stands once."""
    exchange = code_answer["tokens"]

    repeated = _repeated_names(token_response(exchange).text)

    assert not repeated, f"{', '.join(repeated)} is repeated"


def _repeated_names(text: str) -> list[str]:
    """Return the member names that stand twice in one JSON object."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        found.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=note)
    except (ValueError, RecursionError):
        raise EvidenceError("the body is not JSON that can be read") from None
    return found
