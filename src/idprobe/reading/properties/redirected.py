"""What a property claims of an authorization request with a redirect_uri of its own."""

from idprobe.errors import EvidenceError
from idprobe.reading.answers import error_code, gives_tokens, is_error_page
from idprobe.reading.authorization.landings import followed
from idprobe.reading.properties.encodings import broken
from idprobe.reading.properties.examples import Example

__all__ = ["landed_there", "not_followed"]


def not_followed(example: Example) -> str:
    """Say that a server went along with a redirect_uri; empty if it refused.

    Raises EvidenceError for an answer that is neither, as a page of an error with status 500 is.
    """
    exchange = example["asked"]
    if exchange.landing is None and exchange.answered.is_redirect:
        return "the browser is sent on"
    strays = followed(example.trace, f"{example.number}/asked")
    return "the server goes along with it" * strays


def landed_there(example: Example) -> str:
    """Say that no code came to a redirect_uri; empty if one did."""
    exchange = example["asked"]
    if wrong := broken(exchange):
        return wrong
    if exchange.landing is not None:
        return "" if gives_tokens(exchange) else f"it is refused: {error_code(exchange)}"
    if is_error_page(exchange.answered):
        return "the redirect_uri is refused"
    raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
