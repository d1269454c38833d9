"""RFC 6749 sections 10.3 and 10.8: endpoints are announced under https alone."""

from typing import Any

from idprobe.checks import (
    EvidenceError,
    Trace,
    requirement,
    url_parts,
)

TAKES_TOKENS = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
)


def _documents(trace: Trace) -> list[dict[str, Any]]:
    found = [e.answered.json_object for e in trace if e.response and e.response.is_success]
    if not found:
        raise EvidenceError("there is no metadata document")
    return found


def _scheme(url: object) -> str:
    return url_parts(str(url)).scheme.lower()


@requirement("RFC6749-10.3/tokens-over-tls-only")
def test_endpoints_that_take_tokens_are_https(metadata_documents: Trace) -> None:
    """The endpoints that issue or take tokens have the https scheme."""
    for document in _documents(metadata_documents):
        for name in TAKES_TOKENS:
            scheme = _scheme(document.get(name, "https:"))
            assert scheme == "https", f"{name} has the scheme {scheme}"


@requirement("RFC6749-10.8/no-credentials-in-clear")
def test_no_endpoint_is_announced_in_the_clear(metadata_documents: Trace) -> None:
    """No endpoint in the metadata has the http scheme."""
    for document in _documents(metadata_documents):
        announced = [n for n in document if n.endswith("_endpoint") or n == "jwks_uri"]
        clear = [name for name in announced if _scheme(document[name]) == "http"]
        assert not clear, f"{', '.join(clear)} has the scheme http"
