"""OpenID Connect Registration section 4: the client configuration endpoint."""

from idprobe.checks import (
    Trace,
    Unsuited,
    client_information,
    opens_configuration,
    requirement,
)

NO_METHOD = {404, 405, 501}
PER_RESPONSE = {
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
}
OPTIONAL = {"client_id_issued_at"}  # in each response: RFC 7591 section 3.2.1
FOREIGN = {401, 403}


def unlike(trace: Trace, before: str, after: str) -> list[str]:
    """Return the members that two answers do not tell alike, those of one response left out."""
    first, second = client_information(trace[before]), client_information(trace[after])
    names = (first.keys() | second.keys()) - PER_RESPONSE
    return sorted(name for name in names if first.get(name) != second.get(name))


def can_delete(trace: Trace) -> None:
    """Raise Unsuited if the server does not support to delete a registration."""
    if "delete" not in trace or trace["delete"].answered.status in NO_METHOD:
        raise Unsuited("the server does not let clients delete themselves")


@requirement("OIDCR-4/configuration-cors")
def test_pages_may_read(registration_read: Trace) -> None:
    """A script of another origin may call the client configuration endpoint."""
    client_information(registration_read["read"])
    exchange = registration_read["from-a-page"]
    allowed = exchange.answered.header("access-control-allow-origin")
    assert allowed is not None, "there is no Access-Control-Allow-Origin"


@requirement("OIDCR-4/registration-token-required")
def test_token_is_required(registration_read_by_others: Trace) -> None:
    """Without its token nobody reads a registration."""
    assert opens_configuration(registration_read_by_others["control"]), (
        "the right token is refused too"
    )
    assert not opens_configuration(registration_read_by_others["anonymous"]), "anybody may read it"


@requirement("OIDCR-4.1/token-matched-to-client")
def test_token_is_of_the_client(registration_token_of_another: Trace) -> None:
    """The token of one client does not open the registration of another."""
    exchange = registration_token_of_another["read"]
    assert not opens_configuration(exchange), "it was let in"
    status = exchange.answered.status
    assert status in FOREIGN, f"status is {status}"


@requirement("OIDCR-4.2/read-is-idempotent")
def test_reading_changes_nothing(registration_read: Trace) -> None:
    """Reading a registration twice tells the same twice."""
    changed = unlike(registration_read, "read", "again")
    assert not changed, f"it changed: {', '.join(changed)}"


@requirement("OIDCR-4.3/read-returns-all-metadata")
def test_reading_returns_all(registration_read: Trace) -> None:
    """Reading tells all that registering told."""
    changed = unlike(registration_read, "register", "read")
    told = client_information(registration_read["register"])
    missing = [name for name in changed if name in told.keys() - OPTIONAL]
    assert not missing, f"it is not as it was: {', '.join(missing)}"


@requirement("OIDCR-4.3/read-status-and-type")
def test_reading_is_200_with_json(registration_read: Trace) -> None:
    """A registration is read with 200, in JSON."""
    client_information(registration_read["read"])
    response = registration_read["read"].answered
    assert response.status == 200, f"status is {response.status}"
    assert response.media_type == "application/json", f"media type is {response.media_type}"


@requirement("OIDCR-4.4/invalid-is-401")
def test_strangers_get_401(registration_read_by_others: Trace) -> None:
    """A made-up registration access token gets 401."""
    assert opens_configuration(registration_read_by_others["control"]), (
        "the right token is refused too"
    )
    status = registration_read_by_others["bad-token"].answered.status
    assert status == 401, f"status is {status}"


@requirement("OIDCR-4.4/invalid-is-401")
def test_clients_that_are_gone_get_401(registration_deleted: Trace) -> None:
    """The token of a client that is not there gets 401."""
    can_delete(registration_deleted)
    status = registration_deleted["read"].answered.status
    assert status == 401, f"status is {status}"


@requirement("OIDCR-4.4/never-404")
def test_nobody_learns_who_is_there(
    registration_deleted: Trace, registration_read_by_others: Trace
) -> None:
    """Whether a client is there cannot be guessed from a 404."""
    can_delete(registration_deleted)
    exchanges = [registration_read_by_others[step] for step in ("anonymous", "bad-token")]
    for exchange in (*exchanges, registration_deleted["read"]):
        registration_deleted.decide(exchange)
        assert exchange.answered.status != 404, f"status is 404 for {exchange.step}"
