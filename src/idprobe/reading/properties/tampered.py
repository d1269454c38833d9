"""What a property claims of the use of a token that was changed."""

from idprobe.reading.answers import is_active
from idprobe.reading.properties.encodings import broken
from idprobe.reading.properties.examples import Example

__all__ = ["inactive", "not_served", "served", "still_good"]


def served(example: Example) -> str:
    """Say how an example was not served; empty if it was."""
    exchange = example.last
    return broken(exchange) or ("" if is_active(exchange) else f"refused: {exchange.answered!r}")


def not_served(example: Example) -> str:
    """Say that a token that was never issued is served; empty if it is not."""
    exchange = example.last
    return broken(exchange) or ("a token that was never issued is served" * is_active(exchange))


def inactive(example: Example) -> str:
    """Say that a token that was never issued is called active; empty if it is not."""
    exchange = example.last
    if exchange.answered.is_success:
        active = exchange.answered.json_object.get("active") is True
        return "a token that was never issued is active" * active
    return broken(exchange) or ("a token that was never issued is active" * is_active(exchange))


def still_good(example: Example) -> str:
    """Say that a token died because another one was revoked; empty if it is good."""
    exchange = example.last
    died = "the token died when one that was never issued was revoked"
    return broken(example["tampered"]) or broken(exchange) or (died * (not is_active(exchange)))
