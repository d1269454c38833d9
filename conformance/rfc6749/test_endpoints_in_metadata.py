"""RFC 6749 sections 3.2 and 8.4, appendix A.3: names and addresses that the metadata tell."""

import re
from typing import Any

from idprobe.checks import (
    Trace,
    Unsuited,
    documents,
    requirement,
    texts_in,
)

RESPONSE_TYPE = re.compile(r"[A-Za-z0-9_]+(?: [A-Za-z0-9_]+)*")


def told(trace: Trace, name: str) -> list[Any]:
    """Return a member of each document that has it; raises Unsuited if none does."""
    found = [document[name] for _, document in documents(trace) if name in document]
    if not found:
        raise Unsuited(f"the metadata do not tell {name}")
    return found


@requirement("RFC6749-3.2/endpoint-without-fragment")
def test_token_endpoint_has_no_fragment(metadata_documents: Trace) -> None:
    """The URI of the token endpoint has no fragment."""
    uris = told(metadata_documents, "token_endpoint")
    assert not [uri for uri in uris if "#" in str(uri)], "token_endpoint has a fragment"


@requirement("RFC6749-8.4/response-type-names", "RFC6749-A.3/response-type-syntax")
def test_response_types_are_words(metadata_documents: Trace) -> None:
    """A response type is made of letters, digits and "_", its words apart by single spaces."""
    name = "response_types_supported"
    for listed in told(metadata_documents, name):
        kinds = texts_in({name: listed}, name)
        strange = [kind for kind in kinds if not RESPONSE_TYPE.fullmatch(kind)]
        assert not strange, f"{strange[0]!r:.40} is listed"
