"""What the provider's own documentation promises, and no specification demands."""

from idprobe.checks import LandingMode, Trace, contract, error_code
from idprobe.errors import EvidenceError
from idprobe.reading.token_responses import served, token_members


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

    assert served(exchange), f"the credentials are refused: {error_code(exchange)}"


@contract("access_token_until_expiry")
def test_access_token_can_be_used_again(access_token_used_again: Trace) -> None:
    """One access token works several times in a row."""
    uses = access_token_used_again.steps("use")
    if not uses or not _works(access_token_used_again, "use/1"):
        raise EvidenceError("the access token did not work even once")

    for exchange in uses:
        assert _works(access_token_used_again, exchange.step), f"{exchange.step} is refused"


@contract("refresh_token_works")
def test_refresh_token_of_a_code_works(code_refreshed: Trace) -> None:
    """A refresh token brings another access token, and so does the next one."""
    first = token_members(code_refreshed["redeem"]).get("access_token")
    for step in ("refreshed", "refreshed_again"):
        exchange = code_refreshed[step]
        assert served(exchange), f"the refresh token is refused: {error_code(exchange)}"
        new = token_members(exchange).get("access_token")
        assert new != first, "the access token is the old one"


@contract("refresh_token_works")
def test_refresh_token_of_client_credentials_works(client_credentials_refreshed: Trace) -> None:
    """The refresh token of client credentials brings another access token."""
    exchange = client_credentials_refreshed["refreshed"]
    first = token_members(client_credentials_refreshed["tokens"]).get("access_token")

    assert served(exchange), f"the refresh token is refused: {error_code(exchange)}"
    assert token_members(exchange).get("access_token") != first, "the access token is the old one"


@contract("implicit_without_backend")
def test_implicit_flow_lands_tokens_in_the_fragment(implicit_landing: Trace) -> None:
    """The fragment of the redirect has the tokens that response_type asks for."""
    exchange = implicit_landing["authorize"]
    asked = _asked_for(implicit_landing)

    assert served(exchange), f"no token lands: {error_code(exchange) or exchange}"
    landing = implicit_landing.landing
    missing = [name for name in asked if not landing.get(name)]
    assert landing.mode is LandingMode.FRAGMENT, f"the tokens are in the {landing.mode.value}"
    assert not missing, f"{', '.join(missing)} is missing"


def _works(trace: Trace, step: str) -> bool:
    """Return whether a use of the token was served; an inactive one is not."""
    response = trace[step].answered
    if response.is_success:
        return response.media_type != "application/json" or (
            response.json_object.get("active", True) is True
        )
    if response.status in {400, 401, 403}:
        return False
    raise EvidenceError(f"that is neither service nor refusal: {trace[step]}")


def _asked_for(trace: Trace) -> list[str]:
    requests = (exchange.request for exchange in trace)
    asked = next(filter(None, (r.parameter("response_type") for r in requests)), "")
    return [{"token": "access_token"}.get(word, word) for word in asked.split()]
