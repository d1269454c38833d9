"""What was said over TLS and without it, read for checks."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from idprobe.errors import EvidenceError
from idprobe.exchange import Exchange, Trace
from idprobe.reading.pages import is_user_page

__all__ = ["asked_endpoints", "in_the_clear", "is_secure", "negotiated", "serves_plainly"]

PLAIN: Final = "-plain"


def asked_endpoints(trace: Trace) -> list[str]:
    """Return the endpoints that were asked with and without TLS; raises EvidenceError without."""
    names = list(dict.fromkeys(exchange.step.removesuffix(PLAIN) for exchange in trace))
    if not names:
        raise EvidenceError("no endpoint was asked")
    return names


def is_secure(exchange: Exchange) -> bool:
    """Return whether an endpoint is announced under https and answers there over TLS."""
    if not exchange.request.origin.startswith("https:"):
        return False
    if exchange.response is None:
        raise EvidenceError(f"the endpoint does not answer: {exchange}")
    return exchange.connection.tls_version is not None


def in_the_clear(trace: Trace, *names: str) -> list[str]:
    """Return the endpoints that are not announced under https, or that serve plain http too."""
    asked = [name for name in names if name in trace]
    if not asked:
        raise EvidenceError("none of these endpoints was asked")
    return [
        name
        for name in asked
        if not is_secure(trace[name]) or serves_plainly(trace[f"{name}{PLAIN}"])
    ]


def serves_plainly(exchange: Exchange) -> bool:
    """Return whether a request without TLS was run: answered by OAuth, by a page, or led on.

    A refused connection, an error of no kind and a redirect to https are not.
    """
    response = exchange.response
    if response is None:
        return False
    if response.is_redirect:
        location = urljoin(exchange.request.url, response.header("location") or "")
        return not location.startswith("https:")
    return response.error is not None or is_user_page(exchange)


def negotiated(trace: Trace) -> Iterator[tuple[str, str, str]]:
    """Yield host, hello and version of each hello that was answered by a choice.

    Raises EvidenceError for a host that does not answer the usual hello.
    """
    for exchange in trace:
        offer, _, host = exchange.step.partition(" ")
        if trace[f"usual {host}"].connection.tls_version is None:
            raise EvidenceError(f"{host} answers no hello that we write ourselves")
        if exchange.connection.tls_version is not None:
            yield host, offer, exchange.connection.tls_version
