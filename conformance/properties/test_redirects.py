"""Properties of the redirect: where it leads, and what comes back as it was sent."""

from idprobe.checks import (
    Trace,
    first_flaw,
    flaw_nonce_changed,
    flaw_nonce_refused_or_changed,
    flaw_redirect_uri_accepted,
    flaw_redirect_uri_refused,
    flaw_state_changed,
    requirement,
)


@requirement("RFC6749-4.1.2/state-returned-unchanged")
def test_any_state_comes_back_unchanged(states_returned: Trace) -> None:
    """Any printable ASCII comes back as the state that it was sent as."""
    assert not (flaw := first_flaw(states_returned, flaw_state_changed)), flaw


@requirement("RFC6749-4.1.2.1/state-returned-on-error")
def test_any_state_comes_back_with_an_error(error_states_returned: Trace) -> None:
    """So it does with an error."""
    assert not (flaw := first_flaw(error_states_returned, flaw_state_changed)), flaw


@requirement("OIDCC-2/nonce-passed-through-unmodified")
def test_any_nonce_comes_back_unchanged(nonces_returned_unchanged: Trace) -> None:
    """Any printable ASCII comes back as the nonce that it was sent as."""
    assert not (flaw := first_flaw(nonces_returned_unchanged, flaw_nonce_refused_or_changed)), flaw


@requirement("OIDCC-2/nonce-echoed")
def test_the_nonce_of_a_token_is_the_one_sent(nonces_returned_unchanged: Trace) -> None:
    """An ID Token has the nonce of its request, whatever printable ASCII that was."""
    assert not (flaw := first_flaw(nonces_returned_unchanged, flaw_nonce_changed)), flaw


@requirement("RFC6749-3.1.2.3/simple-string-comparison")
def test_nothing_that_is_almost_a_redirect_uri_is_followed(
    redirect_uris_nearly_registered: Trace,
) -> None:
    """Whatever a few twists make of a registered redirect_uri is another one."""
    assert not (flaw := first_flaw(redirect_uris_nearly_registered, flaw_redirect_uri_accepted)), (
        flaw
    )


@requirement("RFC8252-7.3/any-loopback-port")
def test_any_loopback_port_is_followed(loopback_ports: Trace) -> None:
    """A native app may listen at any port of its loopback address."""
    assert not (flaw := first_flaw(loopback_ports, flaw_redirect_uri_refused)), flaw
