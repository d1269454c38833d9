"""What was said over TLS and without it, read for checks."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.authorization.pages import is_user_page
from idprobe.reading.challenges import challenges

__all__ = [
    "is_secure",
    "requested_endpoints",
    "served_without_tls",
    "tls_hosts",
    "tls_versions",
    "tls_versions_by_offer",
    "without_tls",
]

PLAIN: Final = "-plain"


def requested_endpoints(trace: Trace) -> list[str]:
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


def without_tls(trace: Trace, *names: str) -> list[str]:
    """Return the endpoints that are not announced under https, or that serve plain http too.

    A revocation service under plain http is one that RFC 7009 section 2 asks for.
    """
    asked = [name for name in names if name in trace]
    if not asked:
        raise EvidenceError("none of these endpoints was asked")
    return [
        name
        for name in asked
        if not is_secure(trace[name])
        or (name != "revocation" and served_without_tls(trace[f"{name}{PLAIN}"]))
    ]


def served_without_tls(exchange: Exchange) -> bool:
    """Return whether a request without TLS was run: answered by OAuth, by a page, or led on.

    An error of OAuth and a challenge of its Bearer scheme are such answers.

    A refused connection, an error of no kind and a redirect to https are not.
    """
    response = exchange.response
    if response is None:
        return False
    if response.is_redirect:
        location = urljoin(exchange.request.url, response.header("location") or "")
        return not location.startswith("https:")
    asks = any(one.scheme == "bearer" for one in challenges(exchange))
    return response.error is not None or asks or is_user_page(exchange)


def tls_hosts(trace: Trace) -> list[str]:
    """Return the hosts that a hello was said to; raises EvidenceError without one."""
    found = dict.fromkeys(exchange.step.partition(" ")[2] for exchange in trace)
    if not found:
        raise EvidenceError("no hello was said")
    return list(found)


def tls_versions_by_offer(trace: Trace) -> dict[tuple[str, str], str]:
    """Return the version that was chosen by hello and host."""
    found = {}
    for exchange in trace:
        offer, _, host = exchange.step.partition(" ")
        if exchange.connection.tls_version is not None:
            found[offer, host] = exchange.connection.tls_version
    return found


def tls_versions(trace: Trace) -> Iterator[tuple[str, str, str]]:
    """Yield host, hello and version of each hello that was answered by a choice.

    Raises EvidenceError for a host that answers no hello at all.
    """
    silent = set(tls_hosts(trace)) - {host for _, host in tls_versions_by_offer(trace)}
    if silent:
        raise EvidenceError(f"{min(silent)} answers no hello that we write ourselves")
    for exchange in trace:
        offer, _, host = exchange.step.partition(" ")
        if exchange.connection.tls_version is not None:
            yield host, offer, exchange.connection.tls_version
