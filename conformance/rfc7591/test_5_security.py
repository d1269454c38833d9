"""RFC 7591 section 5: what a server owes to its users when anybody may register."""

from idprobe.checks import (
    Trace,
    client_information,
    is_registered,
    requirement,
)

LINKS = {
    "script-as-link": "client_uri",
    "script-as-logo": "logo_uri",
    "script-as-terms": "tos_uri",
    "script-as-policy": "policy_uri",
}


@requirement("RFC7591-5/redirect-uri-kinds")
def test_redirect_uris_are_of_safe_kinds(registration_redirect_faults: Trace) -> None:
    """A redirect URI is https, on the own machine, or an application's own scheme."""
    for step in ("plain-http", "like-loopback", "like-localhost", "javascript", "data"):
        assert not is_registered(registration_redirect_faults[step]), f"it was registered: {step}"


@requirement("RFC7591-5/displayed-uris-same-host")
def test_links_of_a_client_are_no_scripts(registration_metadata_faults: Trace) -> None:
    """What is shown to users, or linked for them, is not registered if it is a script."""
    for step, member in LINKS.items():
        exchange = registration_metadata_faults[step]
        kept = is_registered(exchange) and member in client_information(exchange)
        assert not kept, f"a javascript: URI was registered as {member}"
