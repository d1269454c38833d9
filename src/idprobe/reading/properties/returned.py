"""What a property claims of a value that comes back to the client as it was sent."""

from idprobe.errors import EvidenceError
from idprobe.reading.answers import error_code, gives_tokens
from idprobe.reading.properties.encodings import broken
from idprobe.reading.properties.examples import Example
from idprobe.reading.tokens.issued import asked, id_token

__all__ = ["nonce_echoed", "nonce_unchanged", "state_unchanged"]


def state_unchanged(example: Example) -> str:
    """Say how the state that landed differs from the one that was sent; empty if it does not.

    Raises EvidenceError where nothing reached the client.
    """
    exchange = example["landing"]
    if wrong := broken(exchange):
        return wrong
    if exchange.landing is None:
        raise EvidenceError(f"no authorization response reached the redirect_uri: {exchange}")
    sent = asked(example.trace, f"{example.number}/landing", "state")
    back = exchange.landing.values("state")
    return "" if back == (sent,) else "the state comes back changed"


def nonce_unchanged(example: Example) -> str:
    """Say how a nonce is not returned in the ID Token as it was sent; empty if it is.

    Raises EvidenceError where no ID Token came, and no refusal either.
    """
    if wrong := broken(example["landing"]):
        return wrong
    if code := _refusal(example):
        return f"the nonce is refused: {code}"
    return nonce_echoed(example)


def nonce_echoed(example: Example) -> str:
    """Say how the nonce of the ID Token differs from the one that was sent; empty if it does not.

    Raises EvidenceError where no ID Token came; a refusal gives none, and says nothing of it.
    """
    if _refusal(example):
        return ""
    token = id_token(example.trace, f"{example.number}/tokens")
    sent = asked(example.trace, f"{example.number}/landing", "nonce")
    return "" if token.claims.get("nonce") == sent else "the nonce comes back changed"


def _refusal(example: Example) -> str:
    """Return the error that reached the client; raises EvidenceError if it is of the moment."""
    exchange = example["landing"]
    if exchange.landing is None or gives_tokens(exchange):
        return ""
    code = error_code(exchange)
    if code == "temporarily_unavailable":
        raise EvidenceError("the authorization endpoint is temporarily unavailable")
    return code or ""
