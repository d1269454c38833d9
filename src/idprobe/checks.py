"""The words that a check may use.

A check is a function below `conformance/`: its arguments name probes (each is a Trace), its
`@requirement` names what is judged, its body is the claim. AssertionError means violated; an
EvidenceError raised on the way means that the evidence cannot tell.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from idprobe.errors import EvidenceError
from idprobe.formats.schemas import best_error
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response, form_pairs
from idprobe.model.trace import Trace
from idprobe.reading.answers import error_code, gives_tokens, is_error_page, refused, token_error
from idprobe.reading.properties.examples import first_flaw

__all__ = [
    "EvidenceError",
    "Exchange",
    "Landing",
    "LandingMode",
    "Request",
    "Response",
    "Trace",
    "conforms",
    "contract",
    "error_code",
    "first_flaw",
    "form_pairs",
    "gives_tokens",
    "is_error_page",
    "refused",
    "requirement",
    "token_error",
]

Check = TypeVar("Check", bound=Callable[..., None])
REQUIREMENTS: Final = "requirements"
"""The attribute of a check that names what it judges."""


def requirement(*identifiers: str) -> Callable[[Check], Check]:
    """Say which requirements of the catalogue a check judges."""

    def attach(check: Check) -> Check:
        vars(check)[REQUIREMENTS] = (*vars(check).get(REQUIREMENTS, ()), *identifiers)
        return check

    return attach


def contract(*keys: str) -> Callable[[Check], Check]:
    """Say which promises of the provider's own documentation a check judges."""
    return requirement(*(f"contract/{key}" for key in keys))


def conforms(document: Any, schema_name: str) -> str | None:
    """Return what is wrong with a document by a schema of `fixtures/schemas`; None if nothing."""
    return best_error(document, schema_name)
