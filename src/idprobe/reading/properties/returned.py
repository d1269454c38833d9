"""What a property claims of a value that comes back to the client as it was sent."""

from idprobe.errors import EvidenceError
from idprobe.reading.answers import Flaw, error_code, gives_tokens
from idprobe.reading.properties.encodings import flaw_crashed
from idprobe.reading.properties.examples import Example
from idprobe.reading.tokens.issued import id_token, sent_parameter

__all__ = ["flaw_nonce_changed", "flaw_nonce_refused_or_changed", "flaw_state_changed"]


def flaw_state_changed(example: Example) -> Flaw | None:
    """Return that the state came back otherwise than it was sent, None if it did not.

    Raises EvidenceError where nothing reached the client.
    """
    exchange = example["landing"]
    if flaw := flaw_crashed(exchange):
        return flaw
    if exchange.landing is None:
        raise EvidenceError(f"no authorization response reached the redirect_uri: {exchange}")
    sent = sent_parameter(example.trace, f"{example.number}/landing", "state")
    back = exchange.landing.values("state")
    return None if back == (sent,) else Flaw("the state comes back changed")


def flaw_nonce_refused_or_changed(example: Example) -> Flaw | None:
    """Return how a nonce is not returned in the ID Token as it was sent; None if it is.

    Raises EvidenceError where no ID Token came, and no refusal either.
    """
    if flaw := flaw_crashed(example["landing"]):
        return flaw
    if code := _refusal(example):
        return Flaw(f"the nonce is refused: {code}")
    return flaw_nonce_changed(example)


def flaw_nonce_changed(example: Example) -> Flaw | None:
    """Return that the nonce of the ID Token differs from the one sent; None if it does not.

    Raises EvidenceError where no ID Token came; a refusal gives none, and says nothing of it.
    """
    if _refusal(example):
        return None
    token = id_token(example.trace, f"{example.number}/tokens")
    sent = sent_parameter(example.trace, f"{example.number}/landing", "nonce")
    return None if token.claims.get("nonce") == sent else Flaw("the nonce comes back changed")


def _refusal(example: Example) -> str | None:
    """Return the error that reached the client; raises EvidenceError if it is of the moment."""
    exchange = example["landing"]
    if exchange.landing is None or gives_tokens(exchange):
        return None
    code = error_code(exchange)
    if code == "temporarily_unavailable":
        raise EvidenceError("the authorization endpoint is temporarily unavailable")
    return code
