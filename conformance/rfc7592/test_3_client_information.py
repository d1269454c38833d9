"""RFC 7592 sections 3 and 5: what a client is told of its registration, and its token."""

from idprobe.checks import (
    Exchange,
    Trace,
    Unsuited,
    client_information,
    opens_configuration,
    requirement,
    text_in,
)

PER_RESPONSE = {
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
}
OPTIONAL = {"client_id_issued_at"}  # in each response: RFC 7591 section 3.2.1
BITS = 128


@requirement("RFC7592-2/transport-security", "OIDCR-3.2/registration-client-uri-https")
def test_configuration_endpoint_is_https(client_registered: Trace) -> None:
    """The client configuration endpoint has the scheme https."""
    uri = place(client_registered["register"])
    assert uri.startswith("https://"), "registration_client_uri is not https"


@requirement("RFC7592-3/registration-client-uri-present", "OIDCR-4.1/full-url-given")
def test_place_is_told(registration_read: Trace, registration_updated: Trace) -> None:
    """Every client information response tells where the registration is looked after."""
    for exchange in (registration_read["read"], registration_updated["update"]):
        registration_read.decide(exchange)
        uri = client_information(exchange).get("registration_client_uri")
        assert isinstance(uri, str), f"there is no registration_client_uri after {exchange.step}"
        assert uri.startswith(("https://", "http://")), "registration_client_uri is not absolute"


@requirement("RFC7592-3/registration-access-token-present")
def test_token_is_told(registration_read: Trace, registration_updated: Trace) -> None:
    """Every client information response has the registration access token, and it works."""
    exchanges = registration_read["register"], registration_read["read"]
    for exchange in (*exchanges, registration_updated["update"]):
        registration_updated.decide(exchange)
        token = client_information(exchange).get("registration_access_token")
        assert isinstance(token, str), f"there is no token after {exchange.step}"
        assert token, f"the token is empty after {exchange.step}"
    reading = registration_read["read"]
    registration_read.decide(reading)
    assert opens_configuration(reading), "the token does not work"


@requirement("RFC7592-3/all-metadata-returned")
def test_reading_tells_all_that_is_registered(registration_read: Trace) -> None:
    """What a client reads has every member that it was told at first."""
    told = client_information(registration_read["register"])
    found = client_information(registration_read["read"])
    missing = sorted(told.keys() - found.keys() - PER_RESPONSE - OPTIONAL)
    assert not missing, f"reading lacks {', '.join(missing)}"
    changed = sorted(n for n in told.keys() & found.keys() - PER_RESPONSE if told[n] != found[n])
    assert not changed, f"reading tells another {', '.join(changed)}"


@requirement("RFC7592-5/registration-access-token-rotated")
def test_newest_token_works(registration_updated: Trace) -> None:
    """The token that an update brings, new or not, is the one that works."""
    assert opens_configuration(registration_updated["read"]), (
        "the token of the update does not work"
    )


@requirement("RFC7592-5/registration-access-token-entropy")
def test_token_cannot_be_guessed(clients_registered_together: Trace) -> None:
    """Registration access tokens are long enough, and no two are alike."""
    exchanges = clients_registered_together.steps("client")
    place(exchanges[0])
    tokens = [text_in(client_information(e), "registration_access_token") for e in exchanges]
    assert len(set(tokens)) == len(tokens), "a registration access token came twice"
    for token in tokens:
        bits = clients_registered_together.fact(token)["max_entropy_bits"]
        assert bits >= BITS - 7, f"at most {bits} bits"


def place(exchange: Exchange) -> str:
    """Return where a registration is looked after; raises Unsuited if the server has no place."""
    uri = client_information(exchange).get("registration_client_uri")
    if uri is None:
        raise Unsuited("the registration response has no registration_client_uri (RFC 7592)")
    return str(uri)
