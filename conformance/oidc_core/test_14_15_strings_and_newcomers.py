"""OpenID Connect Core 1.0, sections 3.1, 14 and 15: comparing strings, and dynamic clients."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    error_code,
    gives_tokens,
    is_registered,
    refused,
    requirement,
    response_member,
    tokens_of,
)

TOKENS = {"access_token", "id_token", "refresh_token"}


@requirement("OIDCC-14/no-unicode-normalization")
def test_forms_of_a_letter_are_not_the_same(strings_compared: Trace) -> None:
    """A redirect URI with e and an accent is not the registered one with é."""
    exchange = strings_compared["decomposed"]
    assert not gives_tokens(exchange), "a code was sent to another redirect URI"
    if not refused(exchange):
        raise EvidenceError(f"that is neither a code nor an error: {exchange}")


@requirement("OIDCC-14/code-point-comparison")
def test_letters_of_another_case_are_others(strings_compared: Trace) -> None:
    """A client_id in another case is no client, and OPENID is not openid."""
    if "case-client" in strings_compared:
        assert refused(strings_compared["case-client"]), "a client_id of another case was taken"
    step = "tokens-case-scope"
    if step in strings_compared:
        assert response_member(strings_compared[step], "id_token") is None, (
            "OPENID was taken for openid"
        )


@requirement("RFC6749-3.3/scope-order-irrelevant")
def test_order_of_a_request_does_not_matter(parameters_reversed: Trace) -> None:
    """A request whose parameters and scopes are in the other order brings the same."""
    assert not refused(parameters_reversed["login_reversed"]), "the other order was refused"
    if "tokens_reversed" not in parameters_reversed:
        raise EvidenceError("no code landed")
    usual, other = (tokens_of(parameters_reversed, step) for step in ("tokens", "tokens_reversed"))
    brought = [TOKENS & one.keys() for one in (usual, other)]
    assert brought[0] == brought[1], "the other order brings something else"
    scopes = [set(str(one.get("scope", "")).split()) for one in (usual, other)]
    assert scopes[0] == scopes[1], "the other order brings another scope"


@requirement("OIDCC-15.2/registration-supported")
def test_newcomers_are_registered(newcomer: Trace) -> None:
    """A client with the least metadata is registered."""
    exchange = newcomer["register"]
    assert is_registered(exchange), f"the error is {error_code(exchange)}"


@requirement("OIDCC-15.3/unanticipated-by-discovery-and-registration")
def test_newcomers_are_served(newcomer: Trace) -> None:
    """A client that has just been registered gets an ID Token."""
    if "login" not in newcomer:
        raise EvidenceError("no client was registered")
    exchange = newcomer["login"]
    newcomer.decide(exchange)
    assert not refused(exchange), f"the login led to {error_code(exchange) or 'an error page'}"
    if "tokens-login" not in newcomer:
        raise EvidenceError("no code landed")
    exchange = newcomer["tokens-login"]
    assert not refused(exchange), f"the code led to {error_code(exchange)}"
    assert response_member(exchange, "id_token"), "there is no ID Token"


@requirement("OIDCC-3.1.2.1/redirect-uri-http-only-where-allowed")
def test_public_web_client_is_not_in_the_clear(public_client_in_the_clear: Trace) -> None:
    """A public web client with an http redirect URI is refused."""
    assert not is_registered(public_client_in_the_clear["clear"]), "it was registered"


@requirement("OIDCC-3.1.3.2/redirect-uri-omitted")
def test_redirect_uri_is_not_left_out(code_redeemed_without_redirect_uri: Trace) -> None:
    """A client with several redirect URIs has to say at the token endpoint which one it used."""
    trace = code_redeemed_without_redirect_uri
    if not all(gives_tokens(trace[step]) for step in ("control", "control-again")):
        raise EvidenceError("no code could be redeemed")
    if "missing" not in trace:
        raise Unsuited("no code landed")
    assert refused(trace["missing"]), "the code was redeemed without redirect_uri"
