"""What the provider's own documentation promises, and no specification demands."""

from idprobe.checks import (
    EvidenceError,
    LandingMode,
    Trace,
    Unsuited,
    contract,
    documents,
    error_code,
    is_granted,
    is_login_page,
    is_token_accepted,
    is_user_page,
    token_error,
    token_members,
)

ENDPOINTS = ("authorization_endpoint", "token_endpoint")
NOT_OFFERED = {"unsupported_grant_type", "unauthorized_client", "invalid_request"}


@contract("client_credentials_issues_refresh_token")
def test_client_credentials_bring_a_refresh_token(client_credentials_answer: Trace) -> None:
    """Client credentials bring a refresh token."""
    exchange = client_credentials_answer["tokens"]

    token = token_members(exchange).get("refresh_token")

    assert isinstance(token, str), "there is no refresh_token"
    assert token, "refresh_token is empty"


@contract("client_secret_in_body")
def test_secret_in_the_body_is_taken(secret_in_body: Trace) -> None:
    """client_id and client_secret in the form, and nothing in the header, bring a token."""
    exchange = secret_in_body["tokens"]

    assert is_granted(exchange), f"the credentials are refused: {error_code(exchange)}"


@contract("access_token_until_expiry")
def test_access_token_can_be_used_again(access_token_used_again: Trace) -> None:
    """One access token works several times in a row."""
    uses = access_token_used_again.steps("use")
    if not uses or not is_token_accepted(access_token_used_again["use/1"]):
        raise EvidenceError("the access token did not work even once")

    for exchange in uses:
        access_token_used_again.decide(exchange)
        assert is_token_accepted(access_token_used_again[exchange.step]), (
            f"{exchange.step} is refused"
        )


@contract("refresh_token_works")
def test_refresh_token_of_a_code_works(code_refreshed: Trace) -> None:
    """A refresh token brings another access token, and so does the next one."""
    first = token_members(code_refreshed["redeem"]).get("access_token")
    for step in ("refreshed", "refreshed_again"):
        exchange = code_refreshed[step]
        assert is_granted(exchange), f"the refresh token is refused: {error_code(exchange)}"
        new = token_members(exchange).get("access_token")
        assert new != first, "the access token is the old one"


@contract("refresh_token_works")
def test_refresh_token_of_client_credentials_works(client_credentials_refreshed: Trace) -> None:
    """The refresh token of client credentials brings another access token."""
    exchange = client_credentials_refreshed["refreshed"]
    first = token_members(client_credentials_refreshed["tokens"]).get("access_token")

    client_credentials_refreshed.decide(exchange)
    assert is_granted(exchange), f"the refresh token is refused: {error_code(exchange)}"
    assert token_members(exchange).get("access_token") != first, "the access token is the old one"


@contract("implicit_without_backend")
def test_implicit_flow_lands_tokens_in_the_fragment(implicit_landing: Trace) -> None:
    """The fragment of the redirect has the tokens that response_type asks for."""
    exchange = implicit_landing["authorize"]
    asked = _asked_for(implicit_landing)

    assert is_granted(exchange), f"no token lands: {error_code(exchange) or exchange}"
    landing = implicit_landing.landing
    missing = [name for name in asked if not landing.get(name)]
    assert landing.mode is LandingMode.FRAGMENT, f"the tokens are in the {landing.mode.value}"
    assert not missing, f"{', '.join(missing)} is missing"


@contract("access_token_refused_after_expiry")
def test_access_token_ends_when_it_expires(brief_tokens: Trace) -> None:
    """An access token works at first, and no more once expires_in has passed."""
    step = "use" if brief_tokens.steps("use") else "introspect"
    if not is_token_accepted(brief_tokens[step]) or not is_token_accepted(
        brief_tokens[f"usual-{step}"]
    ):
        raise EvidenceError("a fresh access token did not work")

    assert not is_token_accepted(brief_tokens[f"late-{step}"]), (
        "the access token works after its expiry"
    )


@contract("refresh_token_works")
def test_refresh_token_outlives_the_access_token(brief_tokens: Trace) -> None:
    """A refresh token brings another access token after the first has expired."""
    if not brief_tokens.steps("late-refresh"):
        raise Unsuited("the client in the role brief is given no refresh token")
    exchange = brief_tokens["late-refresh"]

    assert is_granted(exchange), f"the refresh token is refused: {error_code(exchange)}"


@contract("scope_is_space_separated")
def test_scopes_are_parted_by_spaces(form_encodings: Trace) -> None:
    """Two scopes are granted, whether the space is written %20 or +."""
    for step in ("percent_20", "plus"):
        exchange = form_encodings[step]
        wanted = set((exchange.request.parameter("scope") or "").split(" "))
        assert is_granted(exchange), f"the scopes are refused: {error_code(exchange)} ({step})"
        told = token_members(exchange).get("scope")
        assert told is None or set(str(told).split(" ")) == wanted, f"{told} is granted ({step})"


@contract("metadata_lists_all_endpoints")
def test_metadata_name_both_endpoints(metadata_documents: Trace) -> None:
    """Each metadata document has an authorization_endpoint and a token_endpoint."""
    for _, members in documents(metadata_documents):
        missing = [name for name in ENDPOINTS if not isinstance(members.get(name), str)]
        assert not missing, f"{', '.join(missing)} is not named"


@contract("authorization_page_asks")
def test_user_logs_in_and_consents(user_pages: Trace) -> None:
    """A new browser sees a login page; prompt=consent brings a page that asks after the login."""
    if user_pages["journey"].landing is None:
        raise EvidenceError("the journey through login and consent did not end at the client")
    assert is_login_page(user_pages["nobody"]), "no login page is shown"
    pages = [e for e in user_pages.steps("journey") if is_user_page(e) and not is_login_page(e)]
    assert pages, "nobody was asked for consent"


@contract("no_password_grant")
def test_there_is_no_password_grant(token_request_faults: Trace) -> None:
    """The token endpoint does not know the grant type password."""
    code = token_error(token_request_faults["password_grant"])
    if code not in {None, "invalid_grant", *NOT_OFFERED}:
        raise EvidenceError(f"the error {code} does not tell whether the grant is known")

    assert code in NOT_OFFERED, f"the grant type is known: the error is {code}"


@contract("client_credentials_without_user")
def test_service_token_is_of_no_user(service_token_at_userinfo: Trace) -> None:
    """Userinfo refuses a token of client credentials, and introspection names no user."""
    if not is_token_accepted(service_token_at_userinfo["user"]):
        raise EvidenceError("userinfo refuses a user's own token")
    user = service_token_at_userinfo["user"].answered.json_object.get("sub")

    assert not is_token_accepted(service_token_at_userinfo["service"]), "userinfo tells of a user"
    if service_token_at_userinfo.steps("introspect"):
        told = service_token_at_userinfo["introspect"].answered.json_object
        assert told.get("sub") != user, "introspection names the user"


def _asked_for(trace: Trace) -> list[str]:
    requests = (exchange.request for exchange in trace)
    asked = next(filter(None, (r.parameter("response_type") for r in requests)), "")
    return [{"token": "access_token"}.get(word, word) for word in asked.split()]
