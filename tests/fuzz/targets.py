"""Everything of idprobe that reads octets of others, each as a function of one input.

A target returns, or raises what is a defect: the errors that its callers handle stay inside it,
and each is named where it is caught.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.fuzz import file_targets, page_targets, text_targets, token_targets, wire_targets

__all__ = ["TARGETS", "Target"]

Target = Callable[[bytes], None]

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        target.__name__: target
        for target in (
            wire_targets.http_answer,
            wire_targets.load_answer,
            wire_targets.tls_answer,
            wire_targets.listener_call,
            page_targets.form_journey,
            page_targets.page_reading,
            page_targets.refresh,
            token_targets.strict_json,
            token_targets.tokens,
            token_targets.registration,
            token_targets.metadata,
            token_targets.jwt,
            token_targets.jwk,
            token_targets.jwe,
            token_targets.facts,
            text_targets.cookie,
            text_targets.challenge,
            text_targets.headers,
            text_targets.address,
            text_targets.form_body,
            text_targets.report_text,
            text_targets.redaction,
            file_targets.profile,
            file_targets.har,
            file_targets.evidence,
            file_targets.results,
            file_targets.load_results,
            file_targets.ledger,
        )
    }
)
"""By name, which is that of its folder below tests/fuzz/corpus."""
