"""What a property claims of an authorization request with a redirect_uri of its own."""

from idprobe.errors import EvidenceError
from idprobe.reading.answers import Flaw, error_code, gives_tokens, is_error_page
from idprobe.reading.authorization.landings import accepts_redirect_uri
from idprobe.reading.properties.encodings import flaw_crashed
from idprobe.reading.properties.examples import Example

__all__ = ["flaw_redirect_uri_accepted", "flaw_redirect_uri_refused"]


def flaw_redirect_uri_accepted(example: Example) -> Flaw | None:
    """Return that the server accepted a redirect_uri, None if it refused.

    Raises EvidenceError for an answer that is neither, as a page of an error with status 500 is.
    """
    exchange = example["asked"]
    if exchange.landing is None and exchange.answered.is_redirect:
        return Flaw("the browser is sent on")
    accepted = accepts_redirect_uri(example.trace, f"{example.number}/asked")
    return Flaw("the server goes along with it") if accepted else None


def flaw_redirect_uri_refused(example: Example) -> Flaw | None:
    """Return why no code came to a redirect_uri, None if one did."""
    exchange = example["asked"]
    if flaw := flaw_crashed(exchange):
        return flaw
    if exchange.landing is not None:
        return None if gives_tokens(exchange) else Flaw(f"it is refused: {error_code(exchange)}")
    if is_error_page(exchange.answered):
        return Flaw("the redirect_uri is refused")
    raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
