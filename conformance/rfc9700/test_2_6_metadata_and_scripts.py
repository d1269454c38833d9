"""RFC 9700 section 2.6: metadata that are there, and endpoints that scripts may call."""

from collections.abc import Sequence

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    requirement,
)

TO_ALL = {"*", "null", "https://client.example.org"}
"""What opens an answer to the origins of the probes, which nobody has registered."""


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
    steps = ("script", "script-from-nowhere")
    unguarded = _open_with_cookies([userinfo_cross_origin[step] for step in steps])
    assert not unguarded, "any script may use the cookies at userinfo"


@requirement("RFC9700-2.6/cors-at-direct-endpoints")
def test_no_foreign_script_acts_with_cookies_elsewhere(strange_scripts: Trace) -> None:
    """Nor is it at the endpoints where clients authenticate."""
    unguarded = _open_with_cookies(list(strange_scripts))
    assert not unguarded, f"any script may use the cookies at {', '.join(unguarded)}"


def _open_with_cookies(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the steps whose answers any script may read that sent cookies along.

    Raises Unsuited if no script of a foreign origin may read anything.
    """
    responses = {exchange.step: exchange.answered for exchange in exchanges}
    opened = {
        step: response
        for step, response in responses.items()
        if response.header("access-control-allow-origin") in TO_ALL
    }
    if not opened:
        raise Unsuited("scripts of any origin are not let in")
    return [
        step
        for step, response in opened.items()
        if "true" in response.directives("access-control-allow-credentials")
    ]
