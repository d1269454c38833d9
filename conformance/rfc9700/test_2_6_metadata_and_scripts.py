"""RFC 9700 section 2.6: metadata that are there, and endpoints that scripts may call."""

from idprobe.checks import Exchange, Trace, requirement
from idprobe.errors import EvidenceError, Unsuited

ORIGINS_OF_ALL = {"*", "https://client.example.org"}
"""What opens an answer to the probe's origin, which nobody has registered."""


@requirement("RFC9700-2.6/metadata-published")
def test_metadata_are_published(metadata_documents: Trace) -> None:
    """One of the well-known places has a document that names the issuer."""
    found = [e.answered for e in metadata_documents if e.response is not None]
    if any(response.status >= 500 for response in found):
        raise EvidenceError("a well-known place answers with a server error")
    named = [one for one in found if one.is_success and one.json_object.get("issuer")]
    assert named, "no well-known place has a document with issuer"


@requirement("RFC9700-2.6/cors-at-direct-endpoints")
def test_no_foreign_script_acts_with_cookies(preflights: Trace) -> None:
    """No endpoint lets scripts of any origin send the user's cookies along."""
    shared = [e for e in preflights if e.answered.header("access-control-allow-origin")]
    if not shared:
        raise Unsuited("no endpoint lets scripts of other origins in")
    for exchange in shared:
        assert not opened(exchange), f"any script may use the cookies at {exchange.request.path}"


def opened(exchange: Exchange) -> bool:
    """Return whether any origin may read the answer to a request with credentials."""
    response = exchange.answered
    to_all = response.header("access-control-allow-origin") in ORIGINS_OF_ALL
    return to_all and "true" in response.directives("access-control-allow-credentials")
