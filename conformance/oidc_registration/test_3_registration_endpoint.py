"""OpenID Connect Registration section 3: the registration endpoint."""

from idprobe.checks import (
    Trace,
    Unsuited,
    challenges,
    client_information,
    is_registered,
    parse_json,
    requirement,
    texts_in,
)

ALG = "id_token_signed_response_alg"


@requirement("OIDCR-3/initial-access-token-bearer")
def test_initial_access_token_is_a_bearer_token(registration_access: Trace) -> None:
    """Where an initial access token is needed it is taken as a Bearer token, and asked for so."""
    assert is_registered(registration_access["allowed"]), "the initial access token is refused"
    anonymous = registration_access["anonymous"]
    if anonymous.answered.is_success:
        raise Unsuited("anybody may register here without a token")
    status = anonymous.answered.status
    assert status == 401, f"status is {status} without a token"
    schemes = {challenge.scheme for challenge in challenges(anonymous)}
    assert "bearer" in schemes, "the challenge is not Bearer"


@requirement("OIDCR-3.1/json-post")
def test_registration_is_json(openid_metadata_faults: Trace) -> None:
    """A client is registered by JSON, and not by a form."""
    assert is_registered(openid_metadata_faults["control"]), "JSON is refused"
    status = openid_metadata_faults["form"].answered.status
    assert status >= 400, f"the form is answered with {status}"


@requirement("OIDCR-3.2/redirect-uris-not-replaced")
def test_redirect_uris_stay_as_they_are(client_registered: Trace) -> None:
    """The redirect URIs that are registered are those that were sent."""
    exchange = client_registered["register"]
    sent = parse_json(exchange.request.body)["redirect_uris"]
    kept = texts_in(client_information(exchange), "redirect_uris")
    assert sorted(kept) == sorted(sent), f"redirect_uris is {list(kept)}"


@requirement("OIDCR-3.2/replaced-values-returned")
def test_replaced_values_are_told(openid_metadata_faults: Trace) -> None:
    """An algorithm that nobody knows is refused, or the response says which one holds.

    What stays as it was sent is not replaced, whatever it is worth.
    """
    exchange = openid_metadata_faults["strange-alg"]
    if is_registered(exchange):
        alg = client_information(exchange).get(ALG)
        assert alg, "the response does not say which algorithm holds"
        if alg == "XS999":
            raise Unsuited("an algorithm that nobody knows is registered as it was sent")


@requirement("OIDCR-3.2/status-201")
def test_success_is_201(client_registered: Trace) -> None:
    """A registered client is told so by 201."""
    client_information(client_registered["register"])
    status = client_registered["register"].answered.status
    assert status == 201, f"status is {status}"


@requirement("OIDCR-3.2/json-response")
def test_success_is_json(client_registered: Trace) -> None:
    """A registered client is told so in JSON."""
    client_information(client_registered["register"])
    media_type = client_registered["register"].answered.media_type
    assert media_type == "application/json", f"media type is {media_type}"


@requirement("OIDCR-3.2/configuration-uri-and-token-together")
def test_place_and_token_come_together(client_registered: Trace) -> None:
    """registration_client_uri and registration_access_token come both or neither."""
    members = client_information(client_registered["register"])
    place, token = "registration_client_uri" in members, "registration_access_token" in members
    assert place == token, "one comes without the other"


@requirement("OIDCR-4.1/no-url-construction-expected")
def test_token_comes_with_its_place(client_registered: Trace) -> None:
    """Whoever gets a registration access token is told where to use it."""
    members = client_information(client_registered["register"])
    if "registration_access_token" in members:
        place = members.get("registration_client_uri")
        assert place, "there is a token, and no registration_client_uri"
