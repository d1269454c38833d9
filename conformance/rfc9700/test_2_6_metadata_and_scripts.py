"""RFC 9700 section 2.6: metadata that are there, and endpoints that scripts may call."""

from idprobe.checks import Trace, requirement
from idprobe.errors import EvidenceError, Unsuited

TO_ALL = {"*", "https://client.example.org"}
"""What opens an answer to the origin of the probes, which nobody has registered."""


@requirement("RFC9700-2.6/metadata-published")
def test_metadata_are_published(metadata_documents: Trace) -> None:
    """One of the well-known places has a document that names the issuer."""
    found = [e.answered for e in metadata_documents if e.response is not None]
    if any(response.status >= 500 for response in found):
        raise EvidenceError("a well-known place answers with a server error")
    named = [one for one in found if one.is_success and one.json_object.get("issuer")]
    assert named, "no well-known place has a document with issuer"


@requirement("RFC9700-2.6/cors-at-direct-endpoints")
def test_no_foreign_script_acts_with_cookies(userinfo_cross_origin: Trace) -> None:
    """What scripts of any origin may read is no answer to a request with cookies."""
    response = userinfo_cross_origin["script"].answered
    if response.header("access-control-allow-origin") not in TO_ALL:
        raise Unsuited("userinfo does not let scripts of any origin in")
    allowed = response.directives("access-control-allow-credentials")
    assert "true" not in allowed, "any script may use the cookies at userinfo"
