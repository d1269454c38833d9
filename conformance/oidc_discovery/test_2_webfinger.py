"""OpenID Connect Discovery 1.0, section 2: which issuer looks after a person."""

from typing import Any

from idprobe.checks import (
    ISSUER_RELATION,
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    is_secure,
    metadata,
    requirement,
    url_parts,
)


def answer_of(trace: Trace) -> Exchange:
    """Return the first answer about a resource; raises EvidenceError if there is none."""
    for step in ("account", "issuer"):
        if trace[step].answered.is_success:
            return trace[step]
    raise EvidenceError("WebFinger knows neither the account of the user nor the issuer")


def issuer_links(trace: Trace) -> list[Any]:
    """Return what the links to the issuer lead to."""
    links = answer_of(trace).answered.json_object.get("links")
    named = links if isinstance(links, list) else []
    return [one.get("href") for one in named if one.get("rel") == ISSUER_RELATION]


def issuer_told(trace: Trace) -> str:
    """Return the issuer that WebFinger tells; raises EvidenceError if it tells none."""
    found = [one for one in issuer_links(trace) if isinstance(one, str)]
    if not found:
        raise EvidenceError("WebFinger tells no issuer")
    return found[0]


@requirement("OIDCD-2/webfinger-issuer-link")
def test_there_is_a_link_to_the_issuer(webfinger_asked: Trace) -> None:
    """The answer has a link of the relation, with a text as its href."""
    links = issuer_links(webfinger_asked)
    assert links, "there is no link to an issuer"
    assert all(isinstance(one, str) for one in links), "the href is no text"


@requirement("OIDCD-2/webfinger-issuer-https")
def test_issuer_told_is_a_plain_url(webfinger_asked: Trace) -> None:
    """The issuer is https, with a host, without query and fragment."""
    url = issuer_told(webfinger_asked)
    parts = url_parts(url)
    own = answer_of(webfinger_asked).request.origin.partition(":")[0]
    assert parts.scheme in {"https", own}, f"the scheme is {parts.scheme}"
    assert parts.hostname, "there is no host"
    assert "?" not in url, "there is a query"
    assert "#" not in url, "there is a fragment"


@requirement("OIDCD-3/issuer-equals-webfinger")
def test_issuer_told_is_that_of_the_configuration(
    metadata_documents: Trace, webfinger_asked: Trace
) -> None:
    """The issuer is the one of the configuration, letter for letter."""
    issuer = metadata(metadata_documents).get("issuer")
    assert issuer_told(webfinger_asked) == issuer, "WebFinger tells another issuer"


@requirement("OIDCD-2/webfinger-cors")
def test_pages_may_ask(webfinger_asked: Trace) -> None:
    """A script of another origin may read the answer."""
    allowed = answer_of(webfinger_asked).answered.header("access-control-allow-origin")
    assert allowed is not None, "there is no Access-Control-Allow-Origin"


@requirement("OIDCD-2/webfinger-tls")
def test_webfinger_is_served_over_tls_alone(webfinger_asked: Trace) -> None:
    """It answers over TLS, and not in the clear."""
    exchange = answer_of(webfinger_asked)
    if not exchange.request.origin.startswith("https:"):
        raise Unsuited("the server is on plain http")
    assert is_secure(exchange), "it is not reached over TLS"
    step = f"{exchange.step}-plain"
    if step in webfinger_asked and webfinger_asked[step].response is not None:
        assert not webfinger_asked[step].answered.is_success, "it answers in the clear"
