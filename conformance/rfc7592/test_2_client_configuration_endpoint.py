"""RFC 7592 section 2: reading, updating and deleting a registration."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    challenges,
    client_information,
    is_registered,
    opens_configuration,
    parse_json,
    refused,
    refused_on_own_page,
    registration_error,
    requirement,
    token_error,
)

NO_METHOD = {404, 405, 501}
FOREIGN = {401, 403}
SERVER_MEMBERS = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


def told_as_bearer(exchange: Exchange, *statuses: int) -> None:
    """Claim that a request was kept out as RFC 6750 section 3 says."""
    assert not opens_configuration(exchange), f"it was let in: {exchange.step}"
    status = exchange.answered.status
    assert status in statuses, f"status is {status} for {exchange.step}"
    assert exchange.answered.header("www-authenticate"), "there is no WWW-Authenticate"
    schemes = {challenge.scheme for challenge in challenges(exchange)}
    assert "bearer" in schemes, "the challenge is not Bearer"


@requirement("RFC7592-2/unsupported-method-error")
def test_unknown_method_is_an_error(registration_methods: Trace) -> None:
    """A method that the endpoint does not have gets the status that says so."""
    assert opens_configuration(registration_methods["control"]), "the registration is lost"
    for step in ("patch", "post"):
        status = registration_methods[step].answered.status
        assert status in NO_METHOD, f"status is {status} for {step}"


@requirement("RFC7592-2.1/read-200-json")
def test_reading_gives_the_registration(registration_read: Trace) -> None:
    """A registration is read with its own token: 200, in JSON."""
    response = registration_read["read"].answered
    assert response.status == 200, f"status is {response.status}"
    assert response.media_type == "application/json", f"media type is {response.media_type}"
    assert client_information(registration_read["read"]), "there is nothing in it"


@requirement("RFC7592-2.1/client-id-unchanged")
def test_reading_keeps_the_client_id(registration_read: Trace) -> None:
    """Reading a registration does not change its client_id."""
    before = client_information(registration_read["register"])["client_id"]
    assert client_information(registration_read["read"])["client_id"] == before, "client_id changed"


@requirement("RFC7592-2.1/bad-token-error", "OIDCR-4.4/invalid-token-bearer-error")
def test_reading_needs_the_token(registration_read_by_others: Trace) -> None:
    """Reading without a token, or with a made-up one, is refused as RFC 6750 says."""
    assert opens_configuration(registration_read_by_others["control"]), (
        "the right token is refused too"
    )
    told_as_bearer(registration_read_by_others["anonymous"], 400, 401)
    told_as_bearer(registration_read_by_others["bad-token"], 401)


@requirement("RFC7592-2.1/unknown-client-401")
def test_deleted_client_cannot_be_read(registration_deleted: Trace) -> None:
    """Reading a client that is not there is 401."""
    deleted(registration_deleted)
    status = registration_deleted["read"].answered.status
    assert status == 401, f"status is {status}"


@requirement("RFC7592-2.1/unknown-client-token-revoked")
def test_token_of_a_deleted_client_stays_dead(registration_deleted: Trace) -> None:
    """The token of a client that is not there opens nothing, however often it comes."""
    deleted(registration_deleted)
    assert not opens_configuration(registration_deleted["read"]), "the token works"
    assert not opens_configuration(registration_deleted["read-again"]), "the token works again"


@requirement("RFC7592-5/registration-access-token-dies-with-client")
def test_token_dies_with_its_client(registration_deleted: Trace) -> None:
    """The registration access token of a deleted client is good for nothing: 401."""
    deleted(registration_deleted)
    for step in ("read", "update", "delete-again"):
        status = registration_deleted[step].answered.status
        assert status == 401, f"status is {status} for {step}"


@requirement("RFC7592-2.2/update-replaces")
def test_update_replaces(registration_updated: Trace) -> None:
    """An update replaces the redirect URIs; the old one leads nowhere any more."""
    for step in ("update", "read"):
        uris = client_information(registration_updated[step]).get("redirect_uris")
        assert uris == ["https://client.example/two"], f"redirect_uris is {uris} after {step}"
    assert not refused_on_own_page(registration_updated["new-uri"]), "the new URI does not work"
    assert refused_on_own_page(registration_updated["old-uri"]), "the old URI still works"


@requirement("RFC7592-2.2/omitted-fields-deleted")
def test_update_deletes_what_it_leaves_out(registration_updated: Trace) -> None:
    """A member that an update leaves out is gone, or the response says that it is kept."""
    if "contacts" not in client_information(registration_updated["register"]):
        raise Unsuited("the server does not register contacts, so none can be left out")
    told = client_information(registration_updated["update"])
    kept = client_information(registration_updated["read"])
    assert ("contacts" in told) == ("contacts" in kept), "the response does not tell what is kept"
    assert "contacts" not in kept, "contacts are still there"


@requirement("RFC7592-2.2/client-id-unchanged")
def test_update_keeps_the_client_id(registration_updated: Trace) -> None:
    """An update does not change the client_id."""
    before = client_information(registration_updated["register"])["client_id"]
    assert client_information(registration_updated["update"])["client_id"] == before, (
        "client_id changed"
    )


@requirement("RFC7592-2.2/client-id-must-match")
def test_update_names_its_own_client(registration_update_faults: Trace) -> None:
    """An update without client_id, or with another's, is refused."""
    for step in ("without-client-id", "foreign-client-id"):
        assert not is_registered(registration_update_faults[step]), f"it was accepted: {step}"


@requirement("RFC7592-2.2/client-secret-must-match")
def test_update_with_another_secret_is_refused(registration_update_faults: Trace) -> None:
    """An update with a secret that is not the client's is refused."""
    assert not is_registered(registration_update_faults["chosen-secret"]), "it was accepted"


@requirement("RFC7592-2.2/secret-not-chosen-by-client")
def test_update_cannot_choose_the_secret(registration_update_faults: Trace) -> None:
    """An update with a secret of the client's own choice does not set it, if it is accepted."""
    before = registration_update_faults["by-own-secret-before"]
    if token_error(before) == "invalid_client" or before.answered.status == 401:
        raise EvidenceError("the client's own secret did not work before")
    chosen = registration_update_faults["by-chosen-secret"]
    own = registration_update_faults["by-own-secret"]
    works = token_error(chosen) != "invalid_client" and chosen.answered.status != 401
    assert not works, f"the chosen secret gives {token_error(chosen)}"
    lost = token_error(own) == "invalid_client" or own.answered.status == 401
    assert not lost, "the client's own secret does not work any more"


@requirement("RFC7592-2.2/bad-token-error")
def test_update_needs_the_token(registration_update_faults: Trace) -> None:
    """An update with a made-up token is refused as RFC 6750 says, and changes nothing."""
    told_as_bearer(registration_update_faults["bad-token"], 401)
    before = client_information(registration_update_faults["control"]).get("redirect_uris")
    after = client_information(registration_update_faults["after-bad-token"]).get("redirect_uris")
    assert after == before, "it changed the registration all the same"


@requirement("RFC7592-2.2/invalid-field-error")
def test_update_with_a_bad_value_is_an_error(registration_update_faults: Trace) -> None:
    """An update with a bad redirect URI gets the error of RFC 7591."""
    exchange = registration_update_faults["bad-redirect-uri"]
    code = registration_error(exchange)
    assert code is not None, "it was accepted"
    assert exchange.answered.status == 400, f"status is {exchange.answered.status}"
    assert code in {"invalid_redirect_uri", "invalid_client_metadata"}, f"the error is {code}"


@requirement("RFC7592-2.2/server-fields-not-accepted")
def test_update_cannot_set_what_is_the_servers(registration_update_values: Trace) -> None:
    """Members that are the server's to set are refused in an update, or do nothing."""
    after = client_information(registration_update_values["after"])
    for member in SERVER_MEMBERS:
        step = registration_update_values[f"server-{member.replace('_', '-')}"]
        if is_registered(step):
            wanted = sent_member(step, member)
            assert client_information(step).get(member) != wanted, f"{member} was set"
            assert after.get(member) != wanted, f"{member} was set"


@requirement("RFC7592-2.2/replaced-values-returned")
def test_update_tells_the_value_in_force(registration_update_values: Trace) -> None:
    """A value that the server does not take in an update is refused, or its own is told."""
    exchange = registration_update_values["strange-method"]
    if is_registered(exchange):
        told = client_information(exchange).get("token_endpoint_auth_method")
        kept = client_information(registration_update_values["after"]).get(
            "token_endpoint_auth_method"
        )
        assert told == kept, "the response tells another value than the one in force"
        assert told != "idprobe_no_such_method", "a method that nobody knows was taken"


@requirement("RFC7592-2.2/unknown-client-401")
def test_deleted_client_cannot_be_updated(registration_deleted: Trace) -> None:
    """Updating a client that is not there is 401."""
    deleted(registration_deleted)
    status = registration_deleted["update"].answered.status
    assert status == 401, f"status is {status}"


@requirement("RFC7592-2.3/delete-204", "RFC7592-2.3/delete-unsupported-405")
def test_delete_is_204_or_405(registration_deleted: Trace) -> None:
    """Deleting gives 204 without a body, or 405 where it is not supported."""
    response = registration_deleted["delete"].answered
    if response.status == 403:
        raise Unsuited("the client may not delete itself")
    assert response.status in {204, 405}, f"status is {response.status}"
    assert response.status == 405 or not response.body, "the 204 has a body"


@requirement("RFC7592-2.3/deleted-client-unusable")
def test_deleted_client_is_unusable(registration_deleted: Trace) -> None:
    """After its deletion a client can neither authenticate nor ask for authorization."""
    deleted(registration_deleted)
    before = token_error(registration_deleted["token-before"])
    if before == "invalid_client":
        raise EvidenceError("the client could not authenticate before")
    code = token_error(registration_deleted["token"])
    assert code in {"invalid_client", "unauthorized_client"}, f"the error is {code}"
    assert refused_on_own_page(registration_deleted["authorize"]), (
        "it can still ask for authorization"
    )


@requirement("RFC7592-2.3/grants-and-tokens-invalidated")
def test_tokens_die_with_their_client(registered_client_at_work: Trace) -> None:
    """A token that was issued to a client is dead once the client is deleted."""
    deleted(registered_client_at_work)
    before, after = (registered_client_at_work[f"userinfo-{when}"] for when in ("before", "after"))
    if not before.answered.is_success:
        raise Unsuited("the token was not good at userinfo before the client was deleted")
    assert refused(after), "the access token still works"
    if "refresh-after" in registered_client_at_work:
        assert token_error(registered_client_at_work["refresh-after"]), "it can be refreshed"


@requirement("RFC7592-2.3/bad-token-error")
def test_deleting_needs_the_token(registration_deleted_by_others: Trace) -> None:
    """Deleting without a token, or with a made-up one, is refused, and the client stays."""
    told_as_bearer(registration_deleted_by_others["anonymous"], 400, 401)
    told_as_bearer(registration_deleted_by_others["bad-token"], 401)
    assert opens_configuration(registration_deleted_by_others["after"]), "the client is gone"


@requirement(
    "RFC7592-2.1/bad-token-error",
    "OIDCR-4.4/invalid-token-bearer-error",
    "RFC7592-2.2/bad-token-error",
    "RFC7592-2.3/bad-token-error",
)
def test_token_opens_its_own_client_alone(registration_token_of_another: Trace) -> None:
    """The token of one client neither reads nor changes nor deletes another."""
    for step in ("read", "update", "delete"):
        if step in registration_token_of_another:
            assert not opens_configuration(registration_token_of_another[step]), (
                f"it was let in: {step}"
            )
            status = registration_token_of_another[step].answered.status
            assert status in FOREIGN, f"status is {status} for {step}"
    assert opens_configuration(registration_token_of_another["after"]), "the client is gone"


@requirement("RFC7592-2.3/unknown-client-401")
def test_deleted_client_cannot_be_deleted_again(registration_deleted: Trace) -> None:
    """Deleting a client that is not there is 401."""
    deleted(registration_deleted)
    status = registration_deleted["delete-again"].answered.status
    assert status == 401, f"status is {status}"


@requirement("RFC7592-2.1/not-permitted-403", "OIDCR-4.4/no-permission-is-403")
def test_who_may_not_read_is_forbidden(registration_read: Trace) -> None:
    """A client that holds its token and may not read its record is told so by 403."""
    forbidden(registration_read["read"])


@requirement("RFC7592-2.2/not-permitted-403")
def test_who_may_not_update_is_forbidden(registration_updated: Trace) -> None:
    """A client that holds its token and may not update its record is told so by 403."""
    exchange = registration_updated["update"]
    if exchange.answered.error in {"invalid_redirect_uri", "invalid_client_metadata"}:
        raise Unsuited("the server refuses what the update says, not the update")
    forbidden(exchange)


@requirement("RFC7592-2.3/not-permitted-403")
def test_who_may_not_delete_is_forbidden(registration_deleted: Trace) -> None:
    """A client that holds its token and may not delete itself is told so by 403."""
    forbidden(registration_deleted["delete"])


@requirement("RFC7592-5/registration-access-token-lasting")
def test_token_lasts(registration_kept: Trace) -> None:
    """The registration access token works for as long as the client is registered."""
    assert opens_configuration(registration_kept["read"]), "the token does not work any more"


def forbidden(exchange: Exchange) -> None:
    """Claim that a refusal of what is asked for with the right token is 403.

    Raises Unsuited if it was let in, or if the endpoint has no such method. A 401 says that the
    token is not good, which is another rule's business.
    """
    if opens_configuration(exchange) or exchange.answered.status in {*NO_METHOD, 401}:
        raise Unsuited("nothing is refused to a client that holds its token")
    status = exchange.answered.status
    assert status == 403, f"status is {status}"


def deleted(trace: Trace) -> None:
    """Raise Unsuited if the server does not support to delete a registration."""
    if "delete" not in trace or not opens_configuration(trace["delete"]):
        raise Unsuited("the server does not let clients delete themselves (RFC 7592 section 2.3)")


def sent_member(exchange: Exchange, member: str) -> object:
    """Return a member as an update sent it."""
    return parse_json(exchange.request.body)[member]
