"""RP-Initiated Logout sections 3 and 4: where a logout leads, and where an error does not."""

from datetime import timedelta

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    has_session,
    landing_after,
    logout_calls,
    requirement,
    returned_to_client,
    steps_returned_to_client,
)

FORGED = ("foreign-key", "unsigned", "no-jwt")
UNREGISTERED = ("label", "suffix", "userinfo", "scheme", "query", "slash", "case", "stranger")
OUT = "https://client.example/out"


@requirement("OIDCRIL-3/no-redirect-without-hint-or-proof")
def test_address_alone_is_not_followed(logout_without_hint: Trace) -> None:
    """A post_logout_redirect_uri without anything that says whose it is leads nowhere."""
    landing_after(logout_without_hint, "control")
    assert not returned_to_client(logout_without_hint, "redirect-alone"), (
        "the browser was sent there"
    )


@requirement("OIDCRIL-3/no-redirect-to-unregistered-uri")
def test_unregistered_addresses_are_not_followed(logout_to_unregistered_uris: Trace) -> None:
    """Only an address that is exactly a registered one is followed."""
    landing_after(logout_to_unregistered_uris, "control")
    away = steps_returned_to_client(logout_to_unregistered_uris, UNREGISTERED)
    assert not away, f"the browser was sent there: {', '.join(away)}"


@requirement("OIDCRIL-4/failed-validation-aborts")
def test_forged_hint_leads_nowhere(logout_hints_forged: Trace) -> None:
    """Where the hint is none of the server's, the redirect that needed it does not happen."""
    landing_after(logout_hints_forged, "control")
    away = steps_returned_to_client(logout_hints_forged, FORGED)
    assert not away, f"the browser was sent to the client: {', '.join(away)}"


@requirement("OIDCRIL-4/no-redirect-on-error")
def test_errors_stay_at_the_server(
    logout_hints_forged: Trace, logout_to_unregistered_uris: Trace
) -> None:
    """No error in a logout request is taken to a client."""
    landing_after(logout_hints_forged, "control")
    landing_after(logout_to_unregistered_uris, "control")
    away = steps_returned_to_client(logout_hints_forged, FORGED)
    away += steps_returned_to_client(logout_to_unregistered_uris, UNREGISTERED)
    assert not away, f"the browser was sent away: {', '.join(away)}"


@requirement("OIDCRIL-4/no-redirect-on-error")
def test_error_of_the_client_stays_at_the_server(logout_for_another_client: Trace) -> None:
    """A client_id that does not fit the hint is no reason to go to either client."""
    landing_after(logout_for_another_client, "control")
    away = steps_returned_to_client(logout_for_another_client, ("other-client",))
    assert not away, "the browser was sent to the client"


@requirement("OIDCRIL-4/idempotent")
def test_second_logout_is_no_error(logout_by_get: Trace) -> None:
    """Logging out where nobody is logged in any more is no error."""
    landing_after(logout_by_get, "logout")
    if has_session(logout_by_get, "after"):
        raise EvidenceError("the first logout did nothing")
    exchange = logout_by_get["again"]
    status = exchange.answered.status
    assert exchange.landing is not None or status < 400, f"status is {status}"


@requirement("OIDCRIL-3.1/post-logout-uris-registrable")
def test_address_can_be_registered(logout_uri_registered: Trace) -> None:
    """A client can register where its users go after a logout."""
    uris = client_information(logout_uri_registered["register"]).get("post_logout_redirect_uris")
    if uris is None:
        raise Unsuited("the server registers no post_logout_redirect_uris")
    assert uris == [OUT], f"post_logout_redirect_uris is {uris}"


@requirement("OIDCRIL-2/https-post-logout-uri")
def test_public_client_has_no_plain_address(logout_uri_registered: Trace) -> None:
    """A public client cannot register an address that is not https."""
    exchange = logout_uri_registered["plain-http"]
    if exchange.answered.is_success:
        uris = client_information(exchange).get("post_logout_redirect_uris")
        assert not uris, "an http address was registered"


@requirement("OIDCRIL-2/other-rps-notified-first")
def test_clients_are_told_before_the_redirect(backchannel_and_redirect: Trace) -> None:
    """When the browser comes back to one client, all are being told of the logout already."""
    landing_after(backchannel_and_redirect, "logout")
    exchange = backchannel_and_redirect["logout"]
    came_at = exchange.started_at + timedelta(microseconds=exchange.elapsed_ns / 1000)
    for step in ("told", "told-other"):
        told = logout_calls(backchannel_and_redirect, step)
        if not told:
            raise EvidenceError(f"the server sent nothing to {step}")
        assert told[0].started_at <= came_at, f"the browser was sent back first: {step}"
