"""What anybody may read: metadata and keys (RFC 8414, RFC 7517)."""

from idprobe.errors import EvidenceError
from idprobe.flows import keys_request, metadata_request, well_known_urls
from idprobe.load.callers.caller import Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.encoded_requests import EncodedRequest
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.responses import RawResponse
from idprobe.load.tokens import rules
from idprobe.load.tokens.response_templates import UnchangedResponse
from idprobe.model.profile import Client, Provider

__all__ = ["MetadataAndKeys"]

NOBODY = Client("nobody", "")


class MetadataAndKeys(Caller):
    """A resource server that starts: it reads the metadata, then the keys."""

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        url = context.metadata_url or well_known_urls(context.profile)[0]
        self._first = EncodedRequest.of(metadata_request(url), context.transport)
        self._second = EncodedRequest.of(keys_request(self.provider), context.transport)
        self._metadata = UnchangedResponse(self._is_metadata)
        self._keys = UnchangedResponse(self._is_key_set)

    def seen_by(self, context: LoadContext, number: int) -> Provider:
        """Return the provider as anybody sees it."""
        del number
        return Provider(context.profile, context.metadata, NOBODY)

    def iterate(self) -> LoadFlow:
        """Read both."""
        self.context.findings.checked[rules.DOCUMENTS] += 1
        self._metadata.check((yield self._first))
        self._keys.check((yield self._second))

    def _is_metadata(self, answer: RawResponse) -> bool:
        response = answer.response()
        if not response.is_success:
            raise EvidenceError(f"wanted metadata, got status {response.status}")
        expected = self.context.metadata.get("issuer")
        if expected is not None and response.json_object.get("issuer") != expected:
            raise self.context.findings.wrong(rules.DOCUMENTS, "the metadata named another issuer")
        return True

    def _is_key_set(self, answer: RawResponse) -> bool:
        response = answer.response()
        if not response.is_success:
            raise EvidenceError(f"wanted a JWK set, got status {response.status}")
        keys = response.json_object.get("keys")
        if not isinstance(keys, list) or not keys:
            raise self.context.findings.wrong(rules.DOCUMENTS, "the JWK set had no keys")
        return True
