"""OpenID Connect Core 1.0, section 10.1.1: keys that a client publishes and changes."""

from idprobe.checks import (
    Trace,
    logout_calls,
    refused,
    requirement,
)


@requirement("OIDCC-10.1.1/unfamiliar-kid-fetched")
def test_new_key_of_a_client_is_fetched(client_key_rotated: Trace) -> None:
    """An assertion by a key that came to jwks_uri later is accepted."""
    assert not refused(client_key_rotated["second"]), "the new key is not known"
    assert len(logout_calls(client_key_rotated, "call-keys")) > 1, "nobody fetched the keys again"
