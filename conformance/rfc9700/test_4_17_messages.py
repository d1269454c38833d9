"""RFC 9700 section 4.17: answers that are posted between windows."""

import re

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    requirement,
    url_parts,
)

POSTED = re.compile(r"postMessage\s*\(")
TO_ALL = re.compile(r"postMessage\s*\(.{0,4000}?,\s*([\"'`])\*\1\s*[,)]", re.DOTALL)


def posts(exchange: Exchange) -> bool:
    """Return whether a page posts a message to another window."""
    return POSTED.search(exchange.answered.text) is not None


@requirement("RFC9700-4.17.2/no-wildcard-origin")
def test_no_message_is_for_every_origin(web_messages: Trace) -> None:
    """The script that posts the answer names an origin."""
    exchange = web_messages["own"]
    if not posts(exchange):
        raise EvidenceError("no page posts the answer in a way that can be read")
    assert not TO_ALL.search(exchange.answered.text), "the message is for every origin"


@requirement("RFC9700-4.17.2/receiver-origin-exact")
def test_messages_go_to_registered_origins(web_messages: Trace) -> None:
    """Nothing is posted to an origin that the client has not registered."""
    if not posts(web_messages["own"]):
        raise EvidenceError("no page posts the answer in a way that can be read")
    for step in ("foreign", "port"):
        exchange = web_messages[step]
        host = url_parts(exchange.request.parameter("redirect_uri") or "").netloc
        sent = posts(exchange) and host in exchange.answered.text
        assert not sent, f"a message goes to {host}"
