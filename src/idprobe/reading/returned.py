"""What a property claims of a value that comes back to the client as it was sent."""

from idprobe.errors import EvidenceError
from idprobe.reading.answers import error_code, gives_tokens
from idprobe.reading.encodings import broken
from idprobe.reading.examples import Example
from idprobe.reading.issued import asked, id_token

__all__ = ["nonce_unchanged", "state_unchanged"]


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
    """Say how the nonce of the ID Token differs from the one that was sent; empty if it does not.

    Raises EvidenceError where no ID Token came.
    """
    exchange = example["landing"]
    if wrong := broken(exchange):
        return wrong
    if exchange.landing is not None and not gives_tokens(exchange):
        return f"the nonce is refused: {error_code(exchange)}"
    token = id_token(example.trace, f"{example.number}/tokens")
    sent = asked(example.trace, f"{example.number}/landing", "nonce")
    return "" if token.claims.get("nonce") == sent else "the nonce comes back changed"
