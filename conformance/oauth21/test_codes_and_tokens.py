"""OAuth 2.1: codes, consent and what a token response says."""

import html
from typing import Any

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    access_token_stopped_working,
    client_information,
    exchanges_with_errors,
    refused,
    requirement,
    token_members,
)

CLIENT_NAME = "Ωμέγα"


@requirement("OAUTH21-3.2.3/scope-returned")
def test_response_to_a_code_has_scope(code_answer: Trace) -> None:
    """The response to a code says its scope, even if it is the one that was asked for."""
    assert token_members(code_answer["tokens"]).get("scope"), "scope is missing"


@requirement("OAUTH21-3.2.3/scope-returned")
def test_response_to_client_credentials_has_scope(client_credentials_answer: Trace) -> None:
    """The response to client credentials says its scope, even if it was asked for."""
    assert token_members(client_credentials_answer["tokens"]).get("scope"), "scope is missing"


@requirement("OAUTH21-7.5.2/invalid-replay-does-not-revoke")
def test_replay_with_a_wrong_verifier_revokes_nothing(code_replayed_wrongly: Trace) -> None:
    """Whoever saw a code, and no verifier, cannot end what the client got for it."""
    if not refused(code_replayed_wrongly["replay"]):
        raise EvidenceError("the replay was served, so that nobody had a reason to revoke")
    assert not access_token_stopped_working(code_replayed_wrongly), "the access token died"


@requirement("OAUTH21-7.9/informed-consent")
def test_consent_page_names_the_client(registered_client_at_work: Trace) -> None:
    """The page that asks for consent shows the name that the client registered."""
    page = html.unescape(_consent_page(registered_client_at_work).answered.text)
    assert CLIENT_NAME in page, "the client's name is not on the page"


def _consent_page(trace: Trace) -> Exchange:
    """Return the last page before the answer on which nobody has to give a password."""
    pages = [
        exchange
        for exchange in trace.steps("login")
        if exchange.response is not None
        and exchange.response.media_type == "text/html"
        and exchange.response.status == 200
        and 'type="password"' not in exchange.response.text
        and "<form" in exchange.response.text
    ]
    if not pages:
        raise Unsuited("nobody is asked for consent")
    return pages[-1]


@requirement("OAUTH21-C.3/no-null-members")
def test_token_responses_have_no_null(code_answer: Trace) -> None:
    """What a token response does not have is left out."""
    exchange = code_answer["tokens"]

    names = _nulls(token_members(exchange))

    assert not names, f"{', '.join(names)} is null"


@requirement("OAUTH21-C.3/no-null-members")
def test_token_errors_have_no_null(token_request_faults: Trace) -> None:
    """What an error response does not have is left out."""
    for exchange in exchanges_with_errors(token_request_faults):
        token_request_faults.decide(exchange)
        if exchange.answered.media_type == "application/json":
            names = _nulls(exchange.answered.json_object)
            assert not names, f"{exchange.step}: {', '.join(names)} is null"


@requirement("OAUTH21-C.3/no-null-members")
def test_introspection_has_no_null(tokens_introspected: Trace) -> None:
    """What is not known of a token is left out."""
    response = tokens_introspected["access"].answered
    if not response.is_success:
        raise EvidenceError(f"the question is not answered: {tokens_introspected['access']}")

    names = _nulls(response.json_object)

    assert not names, f"{', '.join(names)} is null"


@requirement("OAUTH21-C.3/no-null-members")
def test_client_information_has_no_null(client_registered: Trace) -> None:
    """What a client did not register is left out."""
    exchange = client_registered["register"]

    names = _nulls(client_information(exchange))

    assert not names, f"{', '.join(names)} is null"


def _nulls(value: Any) -> list[str]:
    """Return the names of the members, however deep, that are null."""
    if isinstance(value, list):
        return [name for one in value for name in _nulls(one)]
    if not isinstance(value, dict):
        return []
    own = [name for name, one in value.items() if one is None]
    return own + [name for one in value.values() for name in _nulls(one)]


@requirement("OAUTH21-4.3.1/issued-to-client-id")
def test_refresh_token_of_a_public_client_is_its_own(public_refresh_stolen: Trace) -> None:
    """A refresh token that was issued to a public client is none of another client's."""
    exchange = public_refresh_stolen["stolen"]

    assert refused(exchange), "another client got tokens by it"
