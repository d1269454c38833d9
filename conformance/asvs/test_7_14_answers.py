"""OWASP ASVS sections 7, 8 and 14: what pages and errors tell, and to whom."""

import re

from idprobe.checks import (
    EvidenceError,
    Trace,
    pages_shown,
    requirement,
    user_pages_of,
)

INTERNALS = re.compile(
    r"Traceback \(most recent call last\)"
    r"|\bat [\w.$<>/ ]+\([\w$]+\.(?:java|kt|scala):\d+\)"
    r"|\bat .{1,80}\.[cm]?[jt]s:\d+:\d+"
    r"|goroutine \d+ \[|\bpanic: "
    r"|SQLSTATE\[?|\bORA-\d{5}\b|\bnear \".{1,40}\": syntax error"
    r"|\b(?:java|javax|org|com)(?:\.\w+){2,}(?:Exception|Error)\b|\bSystem(?:\.\w+)*Exception\b"
    r"|(?<![\w/])/(?:home|usr|opt|var|srv|app)/[\w.-]+/[\w./-]+\.\w{1,5}:?\d*\b"
)
HALF_A_YEAR_S = 15_552_000


@requirement("ASVS-7.4.1/errors-tell-no-internals")
def test_errors_tell_no_internals(
    token_request_faults: Trace, authorization_errors: Trace, client_unknown: Trace
) -> None:
    """No error has a stack trace, a message of a database or a path of the file system."""
    for trace in (token_request_faults, authorization_errors, client_unknown):
        for exchange in trace:
            token_request_faults.decide(exchange)
            told = [found[0] for found in INTERNALS.finditer(exchange.answered.text)]
            assert not told, f"the answer to {exchange.step} tells {told[0][:60]!r}"


@requirement("ASVS-8.2.1/pages-not-cached")
def test_no_cache_keeps_a_login(user_pages: Trace) -> None:
    """The pages of a login, the redirect that ends it, and a page of an error forbid storing."""
    for exchange in (*pages_shown(user_pages), user_pages["journey"]):
        user_pages.decide(exchange)
        kept = "no-store" not in exchange.answered.directives("cache-control")
        assert not kept, f"{exchange.request.path} may be stored"


@requirement("ASVS-14.4.4/pages-not-sniffed")
def test_pages_are_not_sniffed(user_pages: Trace) -> None:
    """Login, consent and error pages have X-Content-Type-Options: nosniff."""
    for exchange in pages_shown(user_pages):
        user_pages.decide(exchange)
        said = exchange.answered.directives("x-content-type-options")
        assert "nosniff" in said, f"{exchange.request.path} may be sniffed"


@requirement("ASVS-14.4.5/strict-transport-security")
def test_token_endpoint_tells_to_come_by_tls(plain_twins: Trace) -> None:
    """An answer of the token endpoint over TLS says Strict-Transport-Security."""
    exchange = plain_twins["token"]
    if exchange.response is None:
        raise EvidenceError(f"the token endpoint does not answer over TLS: {exchange}")
    said = exchange.answered.header("strict-transport-security")
    assert said is not None, "there is no Strict-Transport-Security"


@requirement("ASVS-14.4.5/strict-transport-security")
def test_browsers_are_told_to_come_by_tls(user_pages: Trace) -> None:
    """The pages say Strict-Transport-Security for half a year or more."""
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        said = exchange.answered.header("strict-transport-security") or ""
        age = re.search(r"max-age\s*=\s*\"?(\d+)", said, re.IGNORECASE)
        if said and age is None:
            raise EvidenceError("Strict-Transport-Security cannot be read")
        assert age is not None, "there is no Strict-Transport-Security"
        assert int(age[1]) >= HALF_A_YEAR_S, f"max-age is {age[1]}"
