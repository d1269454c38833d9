"""RFC 8252 sections 6 to 8: what a server owes to native apps."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    accepted_redirect_uris,
    error_code,
    gives_tokens,
    is_user_page,
    refused,
    requirement,
)


@requirement(
    "RFC8252-6/pkce-supported",
    "RFC8252-8.5/no-shared-secret-demanded",
    "OAUTH21-8.1/no-shared-secret-for-native-apps",
)
def test_native_app_redeems_its_code_by_pkce(native_code_redeemed: Trace) -> None:
    """A code verifier is all that a native app needs: no secret."""
    exchange = native_code_redeemed["tokens"]
    assert not refused(exchange), f"the code is not redeemed: {error_code(exchange)}"


@requirement("RFC8252-8.4/client-type-recorded")
def test_server_knows_which_client_has_a_secret(
    native_code_redeemed: Trace, confidential_client_unproven: Trace
) -> None:
    """A native app needs no credentials, a confidential client does."""
    assert not refused(native_code_redeemed["tokens"]), "the native app is not served"
    exchange = confidential_client_unproven["client_id_alone"]
    assert refused(exchange), "a confidential client is served without its credentials"


@requirement("RFC8252-8.1/pkce-demanded")
def test_native_app_without_pkce_is_refused(native_app_without_pkce: Trace) -> None:
    """A request of a native app without code_challenge is refused."""
    exchange = native_app_without_pkce["bare"]
    assert refused(exchange), "a code is given without a challenge"
    code = error_code(exchange)
    assert code in {"invalid_request", None}, f"the error is {code}"


@requirement("RFC8252-8.2/no-implicit-for-native-apps")
def test_native_app_gets_no_token_by_redirect(native_token_by_redirect: Trace) -> None:
    """A native app is given no token by the implicit flow."""
    assert refused(native_token_by_redirect["token"]), "a token is sent by redirect"


@requirement("RFC8252-8.4/exact-match-except-loopback-port")
def test_redirect_uris_of_native_apps_match_exactly(native_redirects: Trace) -> None:
    """Nothing but the port of a loopback URI may differ from what is registered."""
    wrong = accepted_redirect_uris(native_redirects)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement(
    "RFC8252-8.6/no-automatic-approval",
    "RFC8252-8.6/earlier-approval-disregarded",
    "RFC6749-10.2/no-silent-repeat-for-unauthenticated-client",
)
def test_native_app_is_not_approved_unseen(native_app_again: Trace) -> None:
    """The user is asked again: any app can have this redirect URI."""
    pages = [one for one in native_app_again.steps("again") if is_user_page(one)]
    if pages:
        return
    assert not gives_tokens(native_app_again["again"]), "a code is given and nobody was asked"
    raise EvidenceError("the second request ended without a page and without a code")


@requirement("RFC8252-7/three-redirect-kinds")
def test_three_kinds_of_redirect_uris_are_possible(native_clients_registered: Trace) -> None:
    """A native app can have a claimed https URI, a scheme of its own, or a loopback URI."""
    for kind in ("https", "scheme", "loopback"):
        assert registered(native_clients_registered, kind), f"{kind} cannot be registered"
        exchange = native_clients_registered[f"{kind}-flow"]
        assert not refused(exchange), f"no flow ends at {kind}"


@requirement("RFC8252-7.3/any-loopback-port")
def test_loopback_uri_may_have_any_port(native_clients_registered: Trace) -> None:
    """A loopback URI that was registered without a port is good with any."""
    kinds = [k for k in ("loopback", "loopback-6") if registered(native_clients_registered, k)]
    if not kinds:
        raise EvidenceError("no loopback URI could be registered")
    for kind in kinds:
        assert not refused(native_clients_registered[f"{kind}-flow"]), f"{kind}: it is refused"
        exchange = native_clients_registered[f"{kind}-tokens"]
        assert not refused(exchange), f"{kind}: the code is not redeemed"


@requirement("RFC8252-8.4/complete-redirect-uri-registered")
def test_redirect_uri_is_registered_with_its_path(native_clients_registered: Trace) -> None:
    """What was registered without a path leads to no path."""
    for kind in ("scheme-only", "host-only"):
        if registered(native_clients_registered, kind):
            exchange = native_clients_registered[f"{kind}-flow"]
            assert refused(exchange), f"{kind}: a path is added at will"


@requirement("RFC8252-8.4/reverse-domain-schemes", "RFC8252-8.4/scheme-without-period-rejected")
def test_scheme_is_a_domain_backwards(native_clients_registered: Trace) -> None:
    """A scheme without a period belongs to nobody, and is refused."""
    for kind in ("bare-scheme", "bare-scheme-with-host"):
        assert not registered(native_clients_registered, kind), f"{kind} is registered"


def registered(trace: Trace, kind: str) -> bool:
    """Return whether the registration of a kind went through; EvidenceError if it is unclear."""
    response = trace[kind].answered
    if response.is_granted:
        return True
    if response.error in {"invalid_redirect_uri", "invalid_client_metadata"}:
        return False
    raise EvidenceError(f"that is neither a registration nor a refusal of it: {trace[kind]}")


@requirement("RFC8252-8.12/embedded-user-agents-blocked")
def test_web_views_are_served_or_turned_away(embedded_user_agents: Trace) -> None:
    """A web view gets the pages of a browser, or is told that it gets none."""
    for step in ("usual", "again"):
        answer = embedded_user_agents[step].answered
        if answer.status >= 400:
            raise EvidenceError(f"a browser is not served: the status is {answer.status}")
        if not answer.is_redirect and answer.media_type != "text/html":
            raise EvidenceError("a browser gets neither a page nor a redirect")
    for step in ("android", "ios"):
        status = embedded_user_agents[step].answered.status
        assert status < 500, f"{step}: the status is {status}"
