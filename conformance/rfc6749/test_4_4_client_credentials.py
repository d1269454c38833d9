"""RFC 6749 section 4.4: the client credentials grant is for clients that prove who they are."""

from idprobe.checks import (
    Trace,
    refused,
    requirement,
    token_members,
)


@requirement("RFC6749-4.4/confidential-clients-only")
def test_public_client_has_no_client_credentials(public_client_credentials: Trace) -> None:
    """A public client cannot use the grant."""
    exchange = public_client_credentials["public"]

    assert refused(exchange), "a public client is given a token of its own"


@requirement("RFC6749-4.4.2/authenticate-client")
def test_wrong_secret_brings_no_token(client_credentials_unproven: Trace) -> None:
    """A wrong secret is refused."""
    assert refused(client_credentials_unproven["wrong_secret"]), "a wrong secret brings a token"


@requirement("RFC6749-4.4.2/authenticate-client")
def test_missing_credentials_bring_no_token(client_credentials_unproven: Trace) -> None:
    """No credentials at all, a client_id alone, and an empty secret bring no token."""
    for step in ("nothing", "client_id_alone", "empty_secret"):
        exchange = client_credentials_unproven[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: a token is given"


@requirement("RFC6749-4.4.3/no-refresh-token")
def test_client_credentials_bring_no_refresh_token(client_credentials_answer: Trace) -> None:
    """A client that can ask again needs no refresh token."""
    exchange = client_credentials_answer["tokens"]

    assert "refresh_token" not in token_members(exchange), "there is a refresh_token"


@requirement("RFC6749-4.4.3/no-refresh-token")
def test_offline_access_without_a_user_brings_no_refresh_token(
    client_credentials_offline: Trace,
) -> None:
    """Asking for offline_access does not change that."""
    exchange = client_credentials_offline["tokens"]

    if not refused(exchange):
        assert "refresh_token" not in token_members(exchange), "there is a refresh_token"
