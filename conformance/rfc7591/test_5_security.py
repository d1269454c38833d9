"""RFC 7591 section 5: what a server owes to its users when anybody may register."""

from idprobe.checks import Trace, requirement
from idprobe.reading.registered import accepted, information


@requirement("RFC7591-5/redirect-uri-kinds")
def test_redirect_uris_are_of_safe_kinds(registration_redirect_faults: Trace) -> None:
    """A redirect URI is https, on the own machine, or an application's own scheme."""
    for step in ("plain-http", "javascript", "data"):
        assert not accepted(registration_redirect_faults[step]), f"it was registered: {step}"


@requirement("RFC7591-5/displayed-uris-same-host")
def test_links_of_a_client_are_no_scripts(registration_metadata_faults: Trace) -> None:
    """A link to be shown to users is not registered if it is a script."""
    exchange = registration_metadata_faults["script-as-link"]
    if accepted(exchange):
        assert "client_uri" not in information(exchange), "a javascript: URI was registered"
