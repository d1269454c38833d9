"""What a property claims of the use of a token that was changed."""

from idprobe.reading.answers import Flaw, is_token_accepted
from idprobe.reading.properties.encodings import flaw_crashed
from idprobe.reading.properties.examples import Example

__all__ = [
    "flaw_forged_token_accepted",
    "flaw_forged_token_active",
    "flaw_token_ended",
    "flaw_token_refused",
]


def flaw_token_refused(example: Example) -> Flaw | None:
    """Return how a token was refused, None if it was accepted."""
    exchange = example.last
    if flaw := flaw_crashed(exchange):
        return flaw
    return None if is_token_accepted(exchange) else Flaw(f"refused: {exchange.answered!r}")


def flaw_forged_token_accepted(example: Example) -> Flaw | None:
    """Return that a token that was never issued is accepted, None if it is not."""
    exchange = example.last
    if flaw := flaw_crashed(exchange):
        return flaw
    return Flaw("a token that was never issued is served") if is_token_accepted(exchange) else None


def flaw_forged_token_active(example: Example) -> Flaw | None:
    """Return that a token that was never issued is called active, None if it is not."""
    exchange = example.last
    if exchange.answered.is_success:
        is_active = exchange.answered.json_object.get("active") is True
    elif flaw := flaw_crashed(exchange):
        return flaw
    else:
        is_active = is_token_accepted(exchange)
    return Flaw("a token that was never issued is active") if is_active else None


def flaw_token_ended(example: Example) -> Flaw | None:
    """Return that a token died because another one was revoked, None if it is still accepted."""
    exchange = example.last
    if flaw := flaw_crashed(example["tampered"]) or flaw_crashed(exchange):
        return flaw
    died = Flaw("the token died when one that was never issued was revoked")
    return None if is_token_accepted(exchange) else died
